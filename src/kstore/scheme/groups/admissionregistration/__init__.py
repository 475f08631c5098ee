"""
Rules of admissionregistration (`pkg/apis/admissionregistration`).
"""
