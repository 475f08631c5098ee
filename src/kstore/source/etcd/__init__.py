"""
A running etcd (or kine): connection, requests, paging, watch.
"""
