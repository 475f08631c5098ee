"""
Rules of resource/v1beta2 (`pkg/apis/resource/v1beta2`).
"""
