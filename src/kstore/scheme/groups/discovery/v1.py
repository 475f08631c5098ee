"""
Defaults of discovery.k8s.io/v1 (`pkg/apis/discovery/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("discovery.v1")


@rules.default("EndpointPort")
def default_endpoint_port(port: Obj, _scope: Scope) -> None:
    """A port without a name, of TCP."""
    default_member(port, "name", "")
    default_member(port, "protocol", "TCP")
