"""
Rules of node (`pkg/apis/node`).
"""
