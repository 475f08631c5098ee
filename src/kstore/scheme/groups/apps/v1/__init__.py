"""
Rules of apps/v1 (`pkg/apis/apps/v1`).
"""
