"""
Rules of flowcontrol/v1beta1 (`pkg/apis/flowcontrol/v1beta1`).
"""
