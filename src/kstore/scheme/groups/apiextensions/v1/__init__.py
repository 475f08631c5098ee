"""
Rules of apiextensions.k8s.io/v1 (apiextensions-apiserver, `pkg/apis/apiextensions/v1`).
"""
