"""
Rules of apps/v1beta1 (`pkg/apis/apps/v1beta1`).
"""
