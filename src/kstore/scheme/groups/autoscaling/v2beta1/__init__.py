"""
Rules of autoscaling/v2beta1 (`pkg/apis/autoscaling/v2beta1`).
"""
