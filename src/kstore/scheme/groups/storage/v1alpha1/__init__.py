"""
Rules of storage/v1alpha1 (`pkg/apis/storage/v1alpha1`).
"""
