"""
Rules of scheduling (`pkg/apis/scheduling`).
"""
