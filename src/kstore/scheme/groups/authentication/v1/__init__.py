"""
Rules of authentication/v1 (`pkg/apis/authentication/v1`).
"""
