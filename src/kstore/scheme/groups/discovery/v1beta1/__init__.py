"""
Rules of discovery/v1beta1 (`pkg/apis/discovery/v1beta1`).
"""
