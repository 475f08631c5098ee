"""
Custom resources: what a CustomResourceDefinition says of its resource, and how its objects are converted.

Ported from apiextensions-apiserver.
"""
