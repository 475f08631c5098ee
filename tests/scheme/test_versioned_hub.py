"""
A kind whose hub is one of its versions, as Kubernetes may have them instead of internal types (KEP-6164).
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.naming import GroupVersionKind
from kstore.plugin import Auto, Obj, Plugin, Rules, Scope, Tables
from kstore.scheme.scheme import Scheme


def kinds() -> list[dict[str, Any]]:
    """Two versions that convert through the newer one's type."""
    return [
        {
            "group": "zoo.example.com", "version": version, "kind": "Cage", "type": f"zoo.{version}.Cage",
            "hub": "zoo.v1.Cage",
        }
        for version in ("v1beta1", "v1")
    ]  # fmt: skip


def cage(*fields: dict[str, str]) -> dict[str, Any]:
    """The struct with some fields beside its metadata."""
    return {
        "fields": [
            {"go": "TypeMeta", "type": "meta.v1.TypeMeta", "flags": "inline"},
            {"go": "ObjectMeta", "json": "metadata", "type": "meta.v1.ObjectMeta", "flags": "omitempty"},
            *fields,
        ]
    }


COLOUR = {"go": "Colour", "json": "colour", "type": "string", "flags": "omitempty"}
TABLES = Tables.of(
    {
        "kinds": kinds(),
        "resources": [
            {
                "group": "zoo.example.com", "resource": "cages", "kind": "Cage", "namespaced": True,
                "versions": ["v1", "v1beta1"], "storage": "zoo.example.com/v1",
            }
        ],
        "types": {
            "zoo.v1beta1": {"Cage": cage({"go": "Width", "json": "width", "type": "int32"}, COLOUR)},
            "zoo.v1": {"Cage": cage({"go": "Size", "json": "size", "type": "int32"}, COLOUR)},
        },
    }
)  # fmt: skip
rules = Rules("zoo.v1beta1", hub="zoo.v1")


@rules.to_hub("Cage")
def _to_hub(obj: Obj, auto: Auto, _scope: Scope) -> None:
    width = obj.get("width", 0)
    auto(obj)
    obj["size"] = width * width


@rules.from_hub("Cage")
def _from_hub(obj: Obj, auto: Auto, _scope: Scope) -> None:
    size = obj.get("size", 0)
    auto(obj)
    obj["width"] = int(size**0.5)


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    """A scheme with the kind."""
    return Scheme(Release("1.37"), plugins=[Plugin("zoo", TABLES, (rules,))])


def named(version: str) -> GroupVersionKind:
    """The kind in a version."""
    return GroupVersionKind("zoo.example.com", version, "Cage")


def test_through_a_version(scheme: Scheme) -> None:
    """To the hub, from it, and to itself: every field has its place, and the rules of the way run once."""
    old = {
        "apiVersion": "zoo.example.com/v1beta1",
        "kind": "Cage",
        "metadata": {"name": "a"},
        "width": 3,
        "colour": "red",
    }
    obj: dict[str, Any] = {**old}
    scheme.convert(named("v1beta1"), named("v1"), obj)
    new = {"apiVersion": "zoo.example.com/v1", "kind": "Cage", "metadata": {"name": "a"}, "size": 9, "colour": "red"}
    assert obj == new
    scheme.convert(named("v1"), named("v1"), obj)
    assert obj == new
    scheme.convert(named("v1"), named("v1beta1"), obj)
    assert obj == old
    scheme.convert(named("v1beta1"), named("v1beta1"), obj)
    assert obj == old
    assert {one.version for one in scheme.targets(named("v1"))} == {"v1", "v1beta1"}
