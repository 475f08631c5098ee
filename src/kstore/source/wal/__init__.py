"""
etcd's write-ahead log: segments, raft requests, replay on top of a database.
"""
