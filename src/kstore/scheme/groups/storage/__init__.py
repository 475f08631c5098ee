"""
Rules of storage (`pkg/apis/storage`).
"""
