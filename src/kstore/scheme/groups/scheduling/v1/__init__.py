"""
Rules of scheduling/v1 (`pkg/apis/scheduling/v1`).
"""
