"""
Rules of node/v1 (`pkg/apis/node/v1`).
"""
