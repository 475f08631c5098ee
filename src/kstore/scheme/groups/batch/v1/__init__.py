"""
Rules of batch/v1 (`pkg/apis/batch/v1`).
"""
