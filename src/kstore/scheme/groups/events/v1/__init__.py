"""
Rules of events/v1 (`pkg/apis/events/v1`).
"""
