"""
Rules of policy (`pkg/apis/policy`).
"""
