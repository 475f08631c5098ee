"""
The commands, a module each: parse, call the library, show.
"""
