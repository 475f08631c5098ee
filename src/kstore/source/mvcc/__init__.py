"""
etcd's multi-version store over bbolt: keys and revisions, read and written.
"""
