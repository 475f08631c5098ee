"""
How fast kstore is, each figure beside a peer's in the same run: `python -m bench`, or `make bench`.

Absolute times drift with the machine, so that nothing is judged by them. The peer is auger or etcdctl where they are
found (`$KSTORE_SERVERS` or the path), else a fixed piece of work: Python's own json over the same objects.
"""
