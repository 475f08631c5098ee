"""
Rules of node/v1alpha1 (`pkg/apis/node/v1alpha1`).
"""
