"""
Rules of apiextensions.k8s.io/v1beta1 (apiextensions-apiserver, `pkg/apis/apiextensions/v1beta1`).
"""
