"""
What the tables are called.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.sql.conftest import asked_of

from kstore.sql.tables import Tables
from kstore.testing import MemorySource


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Those of a store with a CRD whose plural is that of a table, and of a resource."""

    def crd(plural: str) -> dict[str, Any]:
        versions = [{"name": "v1", "served": True, "storage": True}]
        spec = {"group": "zoo.example.com", "names": {"plural": plural, "kind": "Cage"}, "versions": versions}
        return {"kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1", "spec": spec}

    names = [f"{plural}.zoo.example.com" for plural in ("history", "pods", "cages")]
    definitions = {
        f"/registry/apiextensions.k8s.io/customresourcedefinitions/{name}": {
            **crd(name.partition(".")[0]), "metadata": {"name": name},
        }
        for name in names
    }  # fmt: skip
    return Tables([asked_of(MemorySource(definitions))])


@pytest.mark.parametrize(
    ("named", "not_named"),
    [
        ("pods", ""), ("pods.zoo.example.com", ""), ("cages", "cages.zoo.example.com"), ("history", ""),
        ("history.zoo.example.com", ""), ("leases", ""), ("leases.coordination.k8s.io", ""),
        ("events", "events.events.k8s.io"), ("deployments", "deployments.apps"),
    ],
)  # fmt: skip
def test_names(tables: Tables, named: str, not_named: str) -> None:
    """By the plural, with the group where a table of every store, or another resource before it, has the plural."""
    names = tables.names()
    assert names[:5] == ["objects", "history", "findings", "resources", "leases"]
    assert names.count(named) == 1
    assert not_named not in names
    assert tables.find(named).name == named
