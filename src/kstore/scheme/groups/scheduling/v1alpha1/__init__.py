"""
Rules of scheduling/v1alpha1 (`pkg/apis/scheduling/v1alpha1`).
"""
