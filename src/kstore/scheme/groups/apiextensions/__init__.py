"""
Rules of apiextensions.k8s.io (apiextensions-apiserver, `pkg/apis/apiextensions`).
"""
