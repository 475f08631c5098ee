"""
Rules of rbac/v1beta1 (`pkg/apis/rbac/v1beta1`).
"""
