"""
Rules of policy/v1beta1 (`pkg/apis/policy/v1beta1`).
"""
