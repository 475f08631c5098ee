"""
What a selection reads of a store's history.
"""

from __future__ import annotations

import json

import pytest

from kstore.catalog.releases import newest
from kstore.codec import StoredObject
from kstore.scheme.scheme import Scheme
from kstore.selection.criteria import Criteria
from kstore.selection.filters import Filter
from kstore.selection.selection import Selection
from kstore.store import Store
from kstore.testing import MemorySource

A, B, C = "/registry/pods/shop/a", "/registry/pods/stage/b", "/registry/secrets/shop/c"


@pytest.fixture
def store() -> Store:
    """Three keys that were written by turns."""
    source = MemorySource()
    for key in (A, B, C, A, B, A):
        source.put(key, b"value")
    source.delete(B)
    source.put(C, b"value")
    return Store(source, Scheme(newest()))


@pytest.mark.parametrize(
    ("what", "keys"),
    [
        ((A,), [A, A, A]),
        ((B, A), [A, B, A, B, A, B]),
        ((A, B), [A, B, A, B, A, B]),
        (("/registry/secrets", A), [A, C, A, A, C]),
        (("secrets", "pods"), None),
        (("/registry/pods/stage", "/registry/secrets", A), [A, B, C, A, B, A, B, C]),
    ],
)
def test_the_history_is_in_its_order(store: Store, what: tuple[str, ...], keys: list[str] | None) -> None:
    """What several arguments mean comes in the order in which it was written, not one argument after the other."""
    if keys is None:
        what, keys = (",".join(what),), [A, B, C, A, B, A, B, C]
    found = [one.record for one in Selection.of_history(store, Criteria(what)).history()]
    assert [one.key.decode() for one in found] == keys
    assert [one.mod_revision for one in found] == sorted(one.mod_revision for one in found)


def test_housekeeping_is_no_key() -> None:
    """Of two keys that end like a server's note the one that holds it is left out, though no value is asked for."""
    note, other = "/registry/health", "/registry/configmaps/shop/health"
    source = MemorySource({note: b'{"health":"true"}', other: b'{"health":"true"}', A: b"value"})
    source.put(other, b"value")
    everything = Selection.listed(Store(source, Scheme(newest())), Criteria())
    assert list(everything.keys()) == [other.encode(), A.encode()]


def test_the_history_of_one_namespace(store: Store) -> None:
    """What lies below a resource, or a path, is narrowed to it."""
    for what in (("pods",), ("/registry/pods/",)):
        found = Selection.of_history(store, Criteria(what, "shop")).history()
        assert [one.record.key.decode() for one in found] == [A, A, A]


@pytest.mark.parametrize(
    ("pattern", "meant"), [("apps/v1", True), ("apps/*", True), ("*/v1", True), ("v1", False), ("apps/v1beta1", False)]
)
def test_the_version_in_which_it_is_stored(pattern: str, meant: bool) -> None:
    """The whole apiVersion is meant: `v1` alone is that of the core group."""
    value = json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}).encode()
    (read,) = Store(MemorySource({"/registry/deployments/shop/a": value}), Scheme(newest())).under("/registry")
    assert isinstance(read, StoredObject)
    assert Filter(Criteria(stored_version=pattern)).matches(read) is meant
