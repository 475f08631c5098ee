"""
Which fields a custom resource may have, by the schemas of its CRD.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.catalog.releases import newest
from kstore.customresource.resource import custom_resource
from kstore.scheme.scheme import Scheme
from kstore.selection.fields import ResourceFields

SCHEME = Scheme(newest())
SPEC: dict[str, Any] = {
    "type": "object",
    "properties": {
        "size": {"type": "integer"},
        "closed": {"type": "object", "additionalProperties": False},
        "any": {"type": "object", "additionalProperties": True},
        "numbers": {"type": "object", "additionalProperties": {"type": "integer"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "list": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
    },
}


@pytest.fixture(scope="module")
def fields() -> ResourceFields:
    """The fields of a resource with this `spec`."""
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}}
    spec = {
        "group": "lab.example.com", "scope": "Namespaced", "names": {"plural": "lamps", "kind": "Lamp"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
    }  # fmt: skip
    metadata = {"name": "lamps.lab.example.com"}
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata}
    return ResourceFields(custom_resource({**crd, "spec": spec}), SCHEME)


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("metadata.name", ""), ("kind", ""), ("spec.size", ""), ("spec.any.thing", ""), ("spec.numbers.one", ""),
        ("spec.free.of.all", ""), ("spec.list.name", ""),
        ("status", "status"), ("spec.colour", "spec.colour"), ("spec.size.x", "spec.size.x"),
        ("spec.closed.x.y", "spec.closed.x"), ("spec.numbers.one.x", "spec.numbers.one.x"),
        ("spec.list.size", "spec.list.size"), ("metadata.nothing", "metadata.nothing"),
    ],
)  # fmt: skip
def test_what_a_schema_describes(fields: ResourceFields, path: str, missing: str) -> None:
    """Members that it names, and others only where it says that there may be any; lists count for nothing."""
    names = path.split(".")
    assert fields.has(names) is not bool(missing)
    if missing:
        assert fields.missing(names) == missing


@pytest.mark.parametrize("path", ["spec.any.thing", "spec.free.of.all"])
def test_what_no_schema_declares(fields: ResourceFields, path: str) -> None:
    """It may be there, but nothing says so: of several resources it is not told apart by that."""
    assert not fields.has(path.split("."), declared=True)
