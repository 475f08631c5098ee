"""
Rules of resource (`pkg/apis/resource`).
"""
