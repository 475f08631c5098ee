"""
Rules of admissionregistration/v1alpha1 (`pkg/apis/admissionregistration/v1alpha1`).
"""
