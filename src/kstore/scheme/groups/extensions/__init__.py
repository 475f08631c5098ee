"""
Rules of extensions (`pkg/apis/extensions`).
"""
