"""
Rules of extensions/v1beta1 (`pkg/apis/extensions/v1beta1`).
"""
