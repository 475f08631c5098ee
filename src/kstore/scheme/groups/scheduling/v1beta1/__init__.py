"""
Rules of scheduling/v1beta1 (`pkg/apis/scheduling/v1beta1`).
"""
