"""
Rules of resource/v1alpha2 (`pkg/apis/resource/v1alpha2`).
"""
