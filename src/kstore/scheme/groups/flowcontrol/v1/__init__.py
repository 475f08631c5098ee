"""
Rules of flowcontrol/v1 (`pkg/apis/flowcontrol/v1`).
"""
