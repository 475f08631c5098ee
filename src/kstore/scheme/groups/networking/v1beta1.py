"""
Defaults and conversions of networking.k8s.io/v1beta1 (`pkg/apis/networking/v1beta1/{defaults,conversion}.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.groups.networking import ingress
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("networking.v1beta1")


@rules.default("HTTPIngressPath")
def default_path(path: Obj, _scope: Scope) -> None:
    """The controller decides how a path is matched."""
    default_member(path, "pathType", "ImplementationSpecific")


ingress.declare(rules)
