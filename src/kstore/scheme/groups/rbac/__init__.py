"""
Rules of rbac (`pkg/apis/rbac`).
"""
