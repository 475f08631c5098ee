"""
Rules of networking/v1 (`pkg/apis/networking/v1`).
"""
