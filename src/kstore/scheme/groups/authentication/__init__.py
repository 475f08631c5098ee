"""
Rules of authentication (`pkg/apis/authentication`).
"""
