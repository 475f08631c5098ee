"""
The command line: it parses, calls the library, and words what it answers.
"""
