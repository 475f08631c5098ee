"""
Rules of autoscaling/v2beta2 (`pkg/apis/autoscaling/v2beta2`).
"""
