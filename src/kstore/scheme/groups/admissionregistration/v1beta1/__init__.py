"""
Rules of admissionregistration/v1beta1 (`pkg/apis/admissionregistration/v1beta1`).
"""
