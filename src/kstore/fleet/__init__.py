"""
Many stores at once: each is a task in a process of its own, here or on the workers of a Dask cluster.

A store that fails, hangs or takes its process down costs itself, never the run.
"""
