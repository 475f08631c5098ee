"""
Rules of apiregistration (`pkg/apis/apiregistration`).
"""
