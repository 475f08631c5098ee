"""
What the real Kubernetes scheme makes of stored bytes, and how kstore is held against it.
"""
