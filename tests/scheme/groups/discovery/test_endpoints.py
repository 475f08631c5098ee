"""
Endpoints: in v1beta1 zone and node stand in a map of topology, in v1 in fields.
"""

from __future__ import annotations

from typing import Any

from tests.scheme.groups.stored import example, stored

OLD, NEW = "discovery.k8s.io/v1beta1", "discovery.k8s.io/v1"
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


def endpoint(found: dict[str, Any], version: str, to: str) -> dict[str, Any]:
    """An endpoint in another version, without what is the same in both."""
    slice_ = example("EndpointSlice", version, addressType="IPv4", endpoints=[{"addresses": ["10.0.0.1"], **found}])
    result: dict[str, Any] = stored(slice_, to)["endpoints"][0]
    return {name: value for name, value in result.items() if name not in ("addresses", "conditions")}


def test_zone_and_node_have_fields() -> None:
    """What the fields say leaves the map; a host that is not the node stays."""
    topology = {ZONE: "z", HOST: "n", "rack": "r"}
    kept = {"nodeName": "n", "zone": "z", "deprecatedTopology": {"rack": "r"}}
    assert endpoint({"nodeName": "n", "topology": topology}, OLD, NEW) == kept
    assert endpoint({"nodeName": "m", "topology": {HOST: "n"}}, OLD, NEW)["deprecatedTopology"] == {HOST: "n"}
    assert endpoint({"topology": {HOST: "n"}}, OLD, NEW) == {"deprecatedTopology": {HOST: "n"}}
    assert endpoint({"nodeName": "n", "topology": {HOST: "n"}}, OLD, NEW) == {"nodeName": "n"}


def test_and_back_into_the_map() -> None:
    """Zone and node are put into the map again, beside what stayed in it."""
    found = {"nodeName": "n", "zone": "z", "deprecatedTopology": {"rack": "r"}}
    assert endpoint(found, NEW, OLD) == {"nodeName": "n", "topology": {ZONE: "z", HOST: "n", "rack": "r"}}
    assert endpoint({"nodeName": "n", "deprecatedTopology": {HOST: "m"}}, NEW, OLD)["topology"] == {HOST: "m"}
    assert endpoint({"nodeName": "n", "deprecatedTopology": {HOST: ""}}, NEW, OLD)["topology"] == {HOST: "n"}
    assert endpoint({}, NEW, OLD) == {}


def test_ports_have_a_name_and_a_protocol() -> None:
    """An empty name, and TCP, in both versions."""
    for version in (OLD, NEW):
        found = stored(example("EndpointSlice", version, ports=[{"port": 80}, {"name": "dns", "protocol": "UDP"}]), NEW)
        assert found["ports"] == [{"name": "", "protocol": "TCP", "port": 80}, {"name": "dns", "protocol": "UDP"}]
