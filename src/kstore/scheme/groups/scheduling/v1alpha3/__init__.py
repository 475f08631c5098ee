"""
Rules of scheduling/v1alpha3 (`pkg/apis/scheduling/v1alpha3`).
"""
