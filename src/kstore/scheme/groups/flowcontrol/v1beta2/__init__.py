"""
Rules of flowcontrol/v1beta2 (`pkg/apis/flowcontrol/v1beta2`).
"""
