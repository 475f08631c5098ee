"""
Rules of storage/v1beta1 (`pkg/apis/storage/v1beta1`).
"""
