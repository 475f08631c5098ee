"""
Rules of discovery/v1 (`pkg/apis/discovery/v1`).
"""
