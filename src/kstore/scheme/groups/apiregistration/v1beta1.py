"""
Defaults of apiregistration.k8s.io/v1beta1 (`kube-aggregator/pkg/apis/apiregistration/v1beta1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("apiregistration.v1beta1")


@rules.default("ServiceReference")
def default_service_reference(service: Obj, _scope: Scope) -> None:
    """HTTPS."""
    default_member(service, "port", 443)
