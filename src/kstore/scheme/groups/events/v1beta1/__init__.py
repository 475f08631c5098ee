"""
Rules of events/v1beta1 (`pkg/apis/events/v1beta1`).
"""
