"""
Rules of admissionregistration/v1 (`pkg/apis/admissionregistration/v1`).
"""
