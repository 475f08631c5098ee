"""
Rules of autoscaling/v1 (`pkg/apis/autoscaling/v1`).
"""
