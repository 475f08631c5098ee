"""
The cells of networking: rules and their hosts, what a class or an address belongs to, ports.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.view.columns.times import NOW

from kstore.view.columns import networking
from kstore.view.columns.ages import nanoseconds

AT = nanoseconds(NOW)


def of(**spec: Any) -> dict[str, Any]:
    """An object with a spec."""
    return {"metadata": {"name": "web"}, "spec": spec}


@pytest.mark.parametrize(
    ("hosts", "cell"),
    [
        ([], "*"),
        ([None], "*"),
        (["a", None, "b"], "a,b"),
        (["a", "b", "c"], "a,b,c"),
        (["a", "b", "c", None], "a,b,c + 1 more..."),
        (["a", None, "b", "c", "d"], "a,b,c + 2 more..."),
    ],
)
def test_hosts_of_rules(hosts: list[str | None], cell: str) -> None:
    """Three hosts are shown; once there are three, all rules but three are more (`formatHosts`)."""
    rules = [{} if host is None else {"host": host} for host in hosts]
    assert networking.ingress_cells(of(rules=rules), AT)[2] == cell


@pytest.mark.parametrize(
    ("parameters", "cell"),
    [
        (None, "<none>"),
        ({"kind": "Settings", "name": "own"}, "Settings/own"),
        ({"kind": "Settings", "name": "own", "apiGroup": "web.example"}, "Settings.web.example/own"),
    ],
)
def test_parameters_of_a_class(parameters: dict[str, str] | None, cell: str) -> None:
    """Kind, group if there is one, and name."""
    assert networking.ingress_class_cells(of(controller="c", parameters=parameters), AT)[2] == cell


@pytest.mark.parametrize(
    ("parent", "cell"),
    [
        (None, "<none>"),
        ({"resource": "services", "namespace": "shop", "name": "web"}, "services/shop/web"),
        ({"group": "Web.example", "resource": "Gates", "namespace": "shop", "name": "G"}, "gates.web.example/shop/G"),
        ({"group": "web.example", "resource": "gates", "name": "g"}, "gates.web.example/g"),
    ],
)
def test_parents_of_addresses(parent: dict[str, str] | None, cell: str) -> None:
    """Resource and group in small letters, then namespace and name as they are."""
    assert networking.ip_address_cells(of(parentRef=parent), AT)[1] == cell


def test_ports_of_slices() -> None:
    """A number before a name, and a star for what has neither; three of them, and how many more."""
    ports: list[dict[str, Any]] = [{"port": 80, "name": "http"}, {"name": "https"}, {}, {"port": 1}]
    slice_ = {"metadata": {"name": "web"}, "ports": ports, "addressType": "IPv4"}
    assert networking.endpoint_slice_cells(slice_, AT)[2:4] == ["80,https,* + 1 more...", "<unset>"]
