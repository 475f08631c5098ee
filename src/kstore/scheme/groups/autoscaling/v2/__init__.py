"""
Rules of autoscaling/v2 (`pkg/apis/autoscaling/v2`).
"""
