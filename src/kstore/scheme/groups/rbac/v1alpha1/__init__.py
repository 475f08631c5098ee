"""
Rules of rbac/v1alpha1 (`pkg/apis/rbac/v1alpha1`).
"""
