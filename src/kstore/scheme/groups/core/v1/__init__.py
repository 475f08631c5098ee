"""
Rules of core/v1 (`pkg/apis/core/v1`).
"""
