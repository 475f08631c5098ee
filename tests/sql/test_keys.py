"""
Conditions on keys, and the ranges that they come to.
"""

from __future__ import annotations

import pytest
from tests.sql.conftest import asked_of, pod

from kstore.catalog.mapper import ResourceMapper
from kstore.customresource.resource import CustomResource
from kstore.sql.asked_store import AskedStore
from kstore.sql.keys import EVERYTHING, Keys, prefixes, records, revisions
from kstore.testing import MemorySource


@pytest.fixture
def store() -> AskedStore:
    """Pods in two namespaces, a Node, and something that no resource keeps."""
    source = MemorySource()
    for namespace in ("a", "ab", "b"):
        source.put(f"/registry/pods/{namespace}/x", pod("x", "n", namespace))
        source.put(f"/registry/pods/{namespace}/y", pod("y", "n", namespace))
    source.put("/registry/minions/x", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "x"}})
    return asked_of(source)


def found(store: AskedStore, keys: Keys) -> list[str]:
    """The keys that are read."""
    return [record.key.decode().removeprefix("/registry/") for record in records(store, keys)]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (Keys.of(resource=["pods"], namespace=["a"]), ["pods/a/x", "pods/a/y"]),
        (Keys.of(namespace=["ab", "b"], name=["y"]), ["pods/ab/y", "pods/b/y"]),
        (Keys.of(resource=["pods", "nodes"], name=["x"]), ["minions/x", "pods/a/x", "pods/ab/x", "pods/b/x"]),
        (Keys.of(resource=["nodes"], namespace=[""]), ["minions/x"]),
        (Keys.of(resource=["nodes"], namespace=["a"]), []),
        (Keys.of(resource=["pods"], namespace=[""]), []),
        (Keys.of(resource=["pods"], namespace=["a"], name=["nobody", "x"]), ["pods/a/x"]),
        (Keys.of(resource=[]), []),
        (Keys.of(group=["apps"]), []),
        (Keys.of(group=[""], name=["x"]), ["minions/x", "pods/a/x", "pods/ab/x", "pods/b/x"]),
        (Keys.of(resource=["pods"], namespace=["a/x"]), []),
    ],
)
def test_records(keys: Keys, expected: list[str], store: AskedStore) -> None:
    """What is read is what meets the conditions, in key order, whatever range it comes from."""
    assert found(store, keys) == expected


def test_what_no_resource_keeps() -> None:
    """It may be anywhere, so that all is looked at for it; what asks for a resource does not get it."""
    source = MemorySource()
    source.put("/registry/minions/x", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "x"}})
    source.put("/registry/thing", {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "thing"}})
    store = asked_of(source)
    assert prefixes(store, Keys.of(resource=["", "nodes"])) is None
    assert found(store, Keys.of(resource=["", "nodes"])) == ["minions/x", "thing"]
    assert found(store, Keys.of(resource=["nodes"])) == ["minions/x"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (Keys.of(resource=["pods"], namespace=["a"]), ["pods/a/x", "pods/a/y"]),
        (Keys.of(resource=["pods"], name=["y"]), ["pods/a/y", "pods/ab/y", "pods/b/y"]),
        (Keys.of(resource=["nodes", "pods"], namespace=["", "b"]), ["minions/x", "pods/b/x", "pods/b/y"]),
        (Keys.of(resource=["pods"], namespace=["a"], name=["x"]), ["pods/a/x"]),
    ],
)
def test_revisions(keys: Keys, expected: list[str], store: AskedStore) -> None:
    """Those of the keys that are meant, and of no other, wherever they are held."""
    met = [one.record.key.decode().removeprefix("/registry/") for one in revisions(store, keys)]
    assert sorted(met) == expected


def test_a_range_within_another_is_read_once(store: AskedStore) -> None:
    """Where one resource's directory is within another's, no row comes twice."""
    inner, outer = CustomResource("", "inner", directory="pods/a"), CustomResource("", "outer", directory="pods")
    store.__dict__["resources"] = (outer, inner)
    assert prefixes(store, Keys.of(resource=["inner", "outer"])) == [(b"/registry/pods/", False)]


def test_a_range_that_has_another_within_it(store: AskedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is below the directory of one resource, and another's, is not among the objects of the first."""
    resources = CustomResource("", "inner", directory="pods/a"), CustomResource("", "outer", directory="pods")
    mapper = ResourceMapper(resources)
    store.__dict__["resources"] = resources
    monkeypatch.setattr(store, "place", lambda key: mapper.place(key.decode().removeprefix("/registry/")))
    assert found(store, Keys.of(resource=["outer"])) == ["pods/ab/x", "pods/ab/y", "pods/b/x", "pods/b/y"]
    assert found(store, Keys.of(resource=["inner"])) == ["pods/a/x", "pods/a/y"]


def test_algebra() -> None:
    """`and` is exact, `or` keeps what both sides say of a column."""
    one, two = Keys.of(namespace=["a", "b"], name=["x"]), Keys.of(namespace=["b", "c"])
    assert one.both(two) == Keys.of(namespace=["b"], name=["x"])
    assert one.either(two) == Keys.of(namespace=["a", "b", "c"])
    assert one.either(EVERYTHING) == EVERYTHING
    assert not EVERYTHING
    assert str(two) == "namespace in ('b', 'c')"
