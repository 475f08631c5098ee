"""
Rules of flowcontrol (`pkg/apis/flowcontrol`).
"""
