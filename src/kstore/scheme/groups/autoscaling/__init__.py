"""
Rules of autoscaling (`pkg/apis/autoscaling`).
"""
