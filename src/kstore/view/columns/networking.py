"""
The cells of networking and discovery.

Ports the printers of `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from kstore.scalars.selectors import format_selector
from kstore.view.columns.ages import since
from kstore.view.columns.core import load_balancer_address
from kstore.view.columns.reading import (
    NONE,
    Object,
    annotation,
    created,
    items,
    list_with_more,
    name_of,
    optional,
    part,
    text,
)

_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
_SHOWN = 3


def _hosts(rules: list[Any]) -> str:
    """`formatHosts`: up to three, and how many rules (with or without a host) follow the third."""
    hosts: list[str] = []
    more = False
    for rule in rules:
        more = more or len(hosts) == _SHOWN
        if not more and text(rule, "host"):
            hosts.append(text(rule, "host"))
    if not hosts:
        return "*"
    return ",".join(hosts) + (f" + {len(rules) - _SHOWN} more..." if more else "")


def ingress_cells(obj: Object, now: int) -> list[Any]:
    """`printIngress`."""
    spec = part(obj, "spec")
    return [
        name_of(obj),
        optional(spec, NONE, "ingressClassName"),
        _hosts(items(spec, "rules")),
        load_balancer_address(part(obj, "status")),
        "80, 443" if items(spec, "tls") else "80",
        since(created(obj), now),
    ]


def ingress_class_cells(obj: Object, now: int) -> list[Any]:
    """`printIngressClass`."""
    spec = part(obj, "spec")
    name = name_of(obj) + (" (default)" if annotation(obj, _DEFAULT_CLASS) == "true" else "")
    parameters = spec.get("parameters")
    shown = NONE
    if parameters is not None:
        group = parameters.get("apiGroup")
        shown = text(parameters, "kind") + ("" if group is None else f".{group}") + "/" + text(parameters, "name")
    return [name, text(spec, "controller"), shown, since(created(obj), now)]


def network_policy_cells(obj: Object, now: int) -> list[Any]:
    """`printNetworkPolicy`: the selector is a value, never absent."""
    return [name_of(obj), format_selector(part(obj, "spec", "podSelector")), since(created(obj), now)]


def service_cidr_cells(obj: Object, now: int) -> list[Any]:
    """`printServiceCIDR`."""
    return [name_of(obj), ",".join(items(obj, "spec", "cidrs")), since(created(obj), now)]


def ip_address_cells(obj: Object, now: int) -> list[Any]:
    """`printIPAddress`: the server prints an age, too, that no column stands for."""
    parent = part(obj, "spec").get("parentRef")
    shown = NONE
    if parent is not None:
        group, resource = text(parent, "group"), text(parent, "resource")
        namespace = text(parent, "namespace")
        shown = f"{resource}.{group}".lower() if group else resource.lower()
        shown += (f"/{namespace}" if namespace else "") + f"/{text(parent, 'name')}"
    return [name_of(obj), shown, since(created(obj), now)]


def endpoint_slice_cells(obj: Object, now: int) -> list[Any]:
    """`printEndpointSlice`: a port without number shows its name, one without either `*`."""
    ports = [str(optional(port, optional(port, "*", "name"), "port")) for port in items(obj, "ports")]
    addresses = [address for endpoint in items(obj, "endpoints") for address in items(endpoint, "addresses")]
    return [
        name_of(obj),
        text(obj, "addressType"),
        list_with_more(ports, _SHOWN),
        list_with_more(addresses, _SHOWN),
        since(created(obj), now),
    ]
