"""
Rules of batch/v1beta1 (`pkg/apis/batch/v1beta1`).
"""
