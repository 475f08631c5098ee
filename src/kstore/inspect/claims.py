"""
What only one Service of a cluster may have: its addresses, and the ports of the nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any


def claims_of(spec: dict[str, Any]) -> Iterator[str]:
    """
    Yield what a Service claims, each once: `clusterIP 10.96.0.10`, `nodePort 30080`.

    `pkg/registry/core/service/ipallocator/controller`, IsServiceIPSet; `portallocator/controller/repair.go`,
    collectServiceNodePorts: a port of the nodes is one Service's, whatever the protocol.
    """
    yield from dict.fromkeys((*_addresses(spec), *_node_ports(spec)))


def _addresses(spec: dict[str, Any]) -> Iterator[str]:
    if spec.get("type") == "ExternalName":
        return
    for text in (spec.get("clusterIP"), *(spec.get("clusterIPs") or ())):
        if text and text != "None":
            yield f"clusterIP {_spelled(str(text))}"


def _spelled(text: str) -> str:
    """An address in its usual spelling; what is none, as it is."""
    try:
        return str(ip_address(text))
    except ValueError:
        return text


def _node_ports(spec: dict[str, Any]) -> Iterator[str]:
    ports = [port.get("nodePort") for port in spec.get("ports") or () if isinstance(port, dict)]
    for port in (*ports, spec.get("healthCheckNodePort")):
        if port:
            yield f"nodePort {port}"
