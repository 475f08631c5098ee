"""
Tables of extension API servers: completed, joined to the catalog, and refused with a reason where they do not hold.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.plugin_tables import Tables
from kstore.catalog.releases import Release
from kstore.errors import ExtensionError
from kstore.naming import GroupVersionKind

TABLES: dict[str, Any] = {
    "kinds": [{"group": "zoo.example.com", "version": "v1", "kind": "Cage", "type": "zoo.v1.Cage"}],
    "resources": [
        {
            "group": "zoo.example.com",
            "resource": "cages",
            "kind": "Cage",
            "namespaced": True,
            "versions": ["v1"],
            "storage": "zoo.example.com/v1",
        }
    ],
    "types": {
        "zoo.v1": {
            "Cage": {
                "fields": [
                    {"go": "TypeMeta", "type": "meta.v1.TypeMeta", "flags": "inline"},
                    {"go": "ObjectMeta", "json": "metadata", "type": "meta.v1.ObjectMeta", "flags": "omitempty"},
                    {"go": "Bars", "json": "bars", "type": "[]zoo.v1.Bar"},
                ]
            },
            "Bar": {"fields": [{"go": "Length", "json": "length", "type": "int32"}]},
        }
    },
}


def changed(*path: Any, to: Any) -> dict[str, Any]:
    """The tables with one value changed, or a member taken out."""
    tables = copy.deepcopy(TABLES)
    place: Any = tables
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return tables


def test_what_follows_is_filled_in() -> None:
    """A resource's singular and key prefix follow from its names; one storage version serves all releases."""
    resource = Tables.of(TABLES).resources[0]
    assert (resource.singular, resource.key_prefix) == ("cage", "zoo.example.com/cages")
    assert str(resource.storage_version(Release("1.29"))) == "zoo.example.com/v1"


def test_the_catalog_finds_them() -> None:
    """Kinds and structs of an extension stand beside the built-in ones."""
    catalog = Catalog(Release("1.37"), [Tables.of(TABLES)])
    assert catalog.kind(GroupVersionKind("zoo.example.com", "v1", "Cage")).type == "zoo.v1.Cage"
    assert catalog.struct("zoo.v1.Bar").fields[0].json == "length"
    assert catalog.has_kind(GroupVersionKind("apps", "v1", "Deployment"))
    assert not Catalog(Release("1.37")).has_kind(GroupVersionKind("zoo.example.com", "v1", "Cage"))


def test_without_numbers_it_is_json() -> None:
    """Types without protobuf numbers are of a server that stores JSON."""
    assert Tables.of(TABLES).json_groups == {"zoo.example.com"}
    numbered = changed("types", "zoo.v1", "Cage", "fields", 1, "proto", to=1)
    assert Tables.of(numbered).json_groups == frozenset()


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (changed("types", to=None), "'types' is missing"),
        (changed("kinds", 0, "type", to=None), "'type' is missing"),
        (changed("resources", 0, "storage", to=None), "'storage' is missing"),
        (changed("types", "zoo.v1", "Bar", to=None), r"types: zoo\.v1\.Cage\.Bars: zoo\.v1\.Bar is defined neither"),
        (changed("kinds", 0, "type", to="zoo.v1.Gage"), r"kinds: type of Cage: zoo\.v1\.Gage"),
        (changed("kinds", 0, "hub", to="zoo.internal.Cage"), r"kinds: hub of Cage: zoo\.internal\.Cage"),
        (changed("types", "zoo.v1", "Cage", "fields", 2, "type", to="[]strng"), "strng is defined neither"),
        (changed("types", "zoo.v1", "Cage", "fields", 2, "go", to=None), "has no `go`"),
        (changed("types", "apps.v1", to={}), "one of the built-in tables"),
        (changed("kinds", to=7), "not in the catalog's form"),
    ],
)
def test_what_does_not_hold(tables: dict[str, Any], message: str) -> None:
    """Each mistake in the tables is named with its place."""
    with pytest.raises(ExtensionError, match=message):
        Tables.of(tables)


def test_nothing_is_replaced() -> None:
    """An extension cannot take the place of a kind that is there already."""
    taken = changed("kinds", 0, "group", to="apps")
    taken["kinds"][0]["kind"] = "Deployment"
    taken["resources"] = []
    with pytest.raises(ExtensionError, match="known already"):
        Catalog(Release("1.37"), [Tables.of(taken)])
    with pytest.raises(ExtensionError, match="known already"):
        Catalog(Release("1.37"), [Tables.of(TABLES), Tables.of(TABLES)])


def test_a_file_that_is_missing() -> None:
    """A package without tables is an error that names the file."""
    with pytest.raises(ExtensionError, match=r"tables\.json"):
        Tables.read("kstore.scheme")
