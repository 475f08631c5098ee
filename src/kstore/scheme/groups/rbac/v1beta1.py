"""
Defaults of rbac.authorization.k8s.io/v1beta1 (`pkg/apis/rbac/v1beta1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.rbac import bindings
from kstore.scheme.registry import Rules

rules = Rules("rbac.v1beta1")

bindings.declare(rules)
bindings.declare_subjects(rules)
