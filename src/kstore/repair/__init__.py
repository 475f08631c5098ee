"""
Single objects put back, changed and deleted: what that comes to, for the engine in `kstore.write` to do.

Which objects, and whether somebody agreed, is the caller's business.
"""
