"""
Rules of certificates/v1beta1 (`pkg/apis/certificates/v1beta1`).
"""
