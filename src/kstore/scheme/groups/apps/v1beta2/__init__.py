"""
Rules of apps/v1beta2 (`pkg/apis/apps/v1beta2`).
"""
