"""
Rules of storage/v1 (`pkg/apis/storage/v1`).
"""
