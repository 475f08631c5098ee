"""
Rules of networking (`pkg/apis/networking`).
"""
