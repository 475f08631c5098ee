"""
kstore: read, prove and migrate the Kubernetes objects that lie in etcd, live or in a file.
"""

__version__ = "0.1.0"
