"""
Rules of resource/v1 (`pkg/apis/resource/v1`).
"""
