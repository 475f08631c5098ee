"""
Facts about the stored types of every Kubernetes release, generated from the releases themselves.
"""
