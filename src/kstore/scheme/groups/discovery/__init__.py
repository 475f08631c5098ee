"""
Rules of discovery (`pkg/apis/discovery`).
"""
