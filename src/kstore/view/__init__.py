"""
What stored objects look like to people and programs; nothing here knows where they come from.
"""
