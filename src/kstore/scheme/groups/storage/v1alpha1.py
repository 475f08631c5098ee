"""
Defaults of storage.k8s.io/v1alpha1: none.

`pkg/apis/storage/v1alpha1/register.go` does not register the generated defaulting functions, so that not even the
volume sources within are defaulted.
"""

from __future__ import annotations

from kstore.scheme.registry import Rules

rules = Rules("storage.v1alpha1", defaulted=False)
