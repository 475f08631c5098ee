"""
Rules of apiregistration/v1 (`pkg/apis/apiregistration/v1`).
"""
