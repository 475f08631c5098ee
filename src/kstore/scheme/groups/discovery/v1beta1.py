"""
Defaults and conversions of discovery.k8s.io/v1beta1 (`pkg/apis/discovery/v1beta1/{defaults,conversion}.go`).

v1beta1 keeps zone and node of an endpoint in its map of topology.
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("discovery.v1beta1")


@rules.default("EndpointPort")
def default_endpoint_port(port: Obj, _scope: Scope) -> None:
    """A port without a name, of TCP."""
    default_member(port, "name", "")
    default_member(port, "protocol", "TCP")


_ZONE, _HOSTNAME = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


@rules.to_hub("Endpoint")
def endpoint_to_hub(endpoint: Obj, auto: Auto, _scope: Scope) -> None:
    """The zone has a field; the host's name stays in the map only where it is not the node's."""
    topology = endpoint.pop("topology", None)
    auto(endpoint)
    if topology is None:
        return
    rest = dict(topology)
    if _ZONE in rest:
        endpoint["zone"] = rest.pop(_ZONE)
    if _HOSTNAME in rest and endpoint.get("nodeName") == rest[_HOSTNAME]:
        del rest[_HOSTNAME]
    if rest:
        endpoint["deprecatedTopology"] = rest


@rules.from_hub("Endpoint")
def endpoint_from_hub(endpoint: Obj, auto: Auto, _scope: Scope) -> None:
    """Zone and node stand in the map, too."""
    rest, zone = endpoint.pop("deprecatedTopology", None), endpoint.get("zone")
    auto(endpoint)
    node = endpoint.get("nodeName")
    if rest is None and zone is None and node is None:
        return
    topology = dict(rest or {})
    if zone is not None:
        topology[_ZONE] = zone
    if node is not None and not topology.get(_HOSTNAME):
        topology[_HOSTNAME] = node
    endpoint["topology"] = topology
