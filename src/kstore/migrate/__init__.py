"""
Rewriting stored objects: what is to be done, the journal of it, and the way back.
"""
