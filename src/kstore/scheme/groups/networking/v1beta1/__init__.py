"""
Rules of networking/v1beta1 (`pkg/apis/networking/v1beta1`).
"""
