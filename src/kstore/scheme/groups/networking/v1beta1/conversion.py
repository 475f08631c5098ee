"""
Conversions of networking.k8s.io/v1beta1 (`pkg/apis/networking/v1beta1/conversion.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.networking import ingress
from kstore.scheme.registry import Rules

rules = Rules("networking.v1beta1")

ingress.declare(rules)
