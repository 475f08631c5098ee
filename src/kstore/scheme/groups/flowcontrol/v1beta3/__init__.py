"""
Rules of flowcontrol/v1beta3 (`pkg/apis/flowcontrol/v1beta3`).
"""
