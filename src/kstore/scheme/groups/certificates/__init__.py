"""
Rules of certificates (`pkg/apis/certificates`).
"""
