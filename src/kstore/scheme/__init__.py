"""
What the apiserver would make of an object: defaulting, and conversion through the hub, by the rules of a release.
"""
