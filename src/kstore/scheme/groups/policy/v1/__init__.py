"""
Rules of policy/v1 (`pkg/apis/policy/v1`).
"""
