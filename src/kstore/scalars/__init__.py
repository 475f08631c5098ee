"""
Kubernetes' own notations, read and printed exactly as Go does: quantities, times, durations, selectors.
"""
