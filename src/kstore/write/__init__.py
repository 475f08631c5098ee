"""
Writing to a running store: the one way in which kstore changes a key, whichever command asks for it.

Knows revisions, transactions and what may go wrong with them; knows nothing of Kubernetes, nor of why a key is changed.
"""
