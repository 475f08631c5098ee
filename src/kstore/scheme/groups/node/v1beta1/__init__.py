"""
Rules of node/v1beta1 (`pkg/apis/node/v1beta1`).
"""
