"""
Conversions of discovery.k8s.io/v1beta1 (`pkg/apis/discovery/v1beta1/conversion.go`): zone and node in a map.
"""

from __future__ import annotations

from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("discovery.v1beta1")

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
