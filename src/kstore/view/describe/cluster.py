"""
Nodes, Secrets, ConfigMaps and Services.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from kstore.catalog.releases import Release
from kstore.scalars.selectors import format_labels
from kstore.view.columns.reading import items, number, part, quantity, text
from kstore.view.describe.fields import fields, scalar
from kstore.view.describe.page import Page, Table
from kstore.view.describe.workloads import cell, conditions

Object = Mapping[str, Any]


def node(obj: Object, now: int, release: Release | None) -> Page:
    """A Node: its state, addresses, taints, what it has to give, and what runs on it."""
    spec, status = part(obj, "spec"), part(obj, "status")
    page: Page = [
        ("Status", cell(obj, now, "Status", release)),
        ("Roles", cell(obj, now, "Roles", release)),
        (
            "Addresses",
            Table(("Type", "Address"), [(text(a, "type"), text(a, "address")) for a in items(status, "addresses")]),
        ),
        ("Taints", [_taint(one) for one in items(spec, "taints")]),
    ]
    page += fields(spec, skip=("taints", "podCIDRs" if spec.get("podCIDR") else ""))
    page += conditions(obj, now)
    capacity, allocatable = part(status, "capacity"), part(status, "allocatable")
    rows = [
        (name, quantity(capacity.get(name), ""), quantity(allocatable.get(name), ""))
        for name in sorted({*capacity, *allocatable})
    ]
    page.append(("Resources", Table(("Resource", "Capacity", "Allocatable"), rows)))
    if info := part(status, "nodeInfo"):
        page.append(("System", fields(info)))
    images = sorted(items(status, "images"), key=lambda image: -number(image, "sizeBytes"))
    if images:
        total = sum(number(image, "sizeBytes") for image in images)
        page.append(("Images", f"{len(images)}, {total >> 20} MiB"))
    if volumes := items(status, "volumesAttached"):
        page.append(("Volumes Attached", [text(volume, "name") for volume in volumes]))
    return page


def _addresses(status: Object) -> list[tuple[str, str]]:
    return [(text(one, "type"), text(one, "address")) for one in items(status, "addresses")]


def _taint(taint: Object) -> str:
    value = f"={text(taint, 'value')}" if text(taint, "value") else ""
    return f"{text(taint, 'key')}{value}:{text(taint, 'effect')}"


def secret(obj: Object, stored: Object, *, shown: bool) -> Page:
    """
    A Secret: its keys and the length of each value; the values themselves only when they are asked for.

    Args:
        obj: as it is shown, masked or not.
        stored: as it is stored.
        shown: whether the values may be seen.
    """
    page: Page = [("Type", text(obj, "type") or "Opaque")]
    if obj.get("immutable") is not None:
        page.append(("Immutable", scalar(obj["immutable"])))
    data = part(stored, "data")
    if shown:
        rows: Page = [(key, _readable(_value(data[key]))) for key in sorted(data)]
        return [*page, ("Data", rows or "<none>")]
    sizes = [(key, f"{len(_value(data[key]))} bytes") for key in sorted(data)]
    return [*page, ("Data", Table(("Key", "Value"), sizes))]


def _value(text: Any) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError, TypeError):
        return str(text).encode()


def _readable(value: bytes) -> str:
    """A value as text, or, where it is none, in base64."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"{base64.b64encode(value).decode()} (base64)"
    return text if text.isprintable() or "\n" in text else f"{base64.b64encode(value).decode()} (base64)"


def config_map(obj: Object, now: int) -> Page:
    """A ConfigMap: its texts in full, its bytes by their length."""
    data, binary = part(obj, "data"), part(obj, "binaryData")
    texts: Page = [(key, str(data[key]).rstrip("\n").split("\n")) for key in sorted(data)]
    page: Page = [("Data", texts or "<none>")]
    if binary:
        rows = [(key, f"{len(_value(binary[key]))} bytes") for key in sorted(binary)]
        page.append(("Binary Data", Table(("Key", "Value"), rows)))
    if obj.get("immutable") is not None:
        page.append(("Immutable", scalar(obj["immutable"])))
    return page


def service(obj: Object, now: int) -> Page:
    """A Service: its type, addresses, ports, and what it leads to."""
    spec = part(obj, "spec")
    ports = [
        (
            text(port, "name") or "-",
            f"{number(port, 'port')}/{text(port, 'protocol') or 'TCP'}",
            scalar(port.get("targetPort", port.get("port"))),
            scalar(port.get("nodePort") or "-"),
        )
        for port in items(spec, "ports")
    ]
    page: Page = [
        ("Type", text(spec, "type") or "ClusterIP"),
        ("Selector", format_labels(spec.get("selector"))),
        ("Ports", Table(("Name", "Port", "Target", "Node Port"), ports)),
    ]
    page += fields(spec, skip=("type", "selector", "ports", "clusterIP" if spec.get("clusterIPs") else ""))
    if balancer := items(obj, "status", "loadBalancer", "ingress"):
        page.append(("Load Balancer", [text(one, "ip") or text(one, "hostname") for one in balancer]))
    return page + conditions(obj, now)
