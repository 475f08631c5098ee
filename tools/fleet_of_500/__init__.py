"""
A fleet whose truth is known: snapshots made here, of which `kstore fleet check` must say what was put in.
"""
