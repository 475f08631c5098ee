"""
Rules of batch (`pkg/apis/batch`).
"""
