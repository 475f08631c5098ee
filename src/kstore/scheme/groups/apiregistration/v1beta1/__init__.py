"""
Rules of apiregistration/v1beta1 (`pkg/apis/apiregistration/v1beta1`).
"""
