"""
Rules of resource/v1beta1 (`pkg/apis/resource/v1beta1`).
"""
