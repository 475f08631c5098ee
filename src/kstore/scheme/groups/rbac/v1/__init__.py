"""
Rules of rbac/v1 (`pkg/apis/rbac/v1`).
"""
