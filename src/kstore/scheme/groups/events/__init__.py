"""
Rules of events (`pkg/apis/events`).
"""
