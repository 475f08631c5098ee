"""
Ingresses of networking.k8s.io: the backend of v1beta1 and of v1.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scheme.groups.stored import example, stored

OLD, NEW = "networking.k8s.io/v1beta1", "networking.k8s.io/v1"
SERVICES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"serviceName": "web", "servicePort": 80}, {"name": "web", "port": {"number": 80}}),
    ({"serviceName": "web", "servicePort": "http"}, {"name": "web", "port": {"name": "http"}}),
    ({"serviceName": "web", "servicePort": "80"}, {"name": "web", "port": {"name": "80"}}),
]


def backend(found: dict[str, Any], version: str, to: str) -> dict[str, Any]:
    """A default backend in another version."""
    name = {OLD: "backend", NEW: "defaultBackend"}
    result: dict[str, Any] = stored(example("Ingress", version, spec={name[version]: found}), to)["spec"][name[to]]
    return result


@pytest.mark.parametrize(("flat", "service"), SERVICES)
def test_a_service_has_a_name_and_a_port(flat: dict[str, Any], service: dict[str, Any]) -> None:
    """Text is a port's name even if it looks like a number; both ways."""
    assert backend(flat, OLD, NEW) == {"service": service}
    assert backend({"service": service}, NEW, OLD) == flat


def test_a_name_goes_before_a_number() -> None:
    """v1beta1 can say only one of them."""
    service = {"name": "web", "port": {"name": "http", "number": 80}}
    assert backend({"service": service}, NEW, OLD) == {"serviceName": "web", "servicePort": "http"}


def test_a_port_that_is_an_empty_text() -> None:
    """It is a port's name all the same, so there is a service; a number of zero is none."""
    assert backend({"serviceName": "", "servicePort": ""}, OLD, NEW)["service"]["name"] == ""
    assert "service" not in backend({"serviceName": "", "servicePort": 0}, OLD, NEW)


def test_a_resource_stays_as_it_is() -> None:
    """A backend that is no service has none made up for it."""
    resource = {"resource": {"kind": "Bucket", "name": "static", "apiGroup": None}}
    assert backend(resource, OLD, NEW) == resource


def test_parameters_of_a_class_are_cluster_wide() -> None:
    """Where there are parameters; v1beta1 says the same by its own default."""
    found = example("IngressClass", NEW, spec={"parameters": {"kind": "Config", "name": "a"}})
    assert stored(found, NEW)["spec"]["parameters"]["scope"] == "Cluster"
    assert "parameters" not in stored(example("IngressClass", NEW, spec={}), NEW)["spec"]
