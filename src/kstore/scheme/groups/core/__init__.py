"""
Rules of core (`pkg/apis/core`).
"""
