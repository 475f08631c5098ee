"""
Rules of resource/v1alpha3 (`pkg/apis/resource/v1alpha3`).
"""
