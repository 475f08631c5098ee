"""
The same store, looked at otherwise.
"""

from __future__ import annotations

import pytest

from kstore.catalog.releases import Release
from kstore.encryption.transformers import Transformers
from kstore.scheme.scheme import Scheme
from kstore.store import Store
from kstore.testing import MemorySource

KEY = "/registry/configmaps/shop/a"


@pytest.fixture
def store() -> Store:
    """A key that was changed, as of before."""
    source = MemorySource()
    first = source.put(KEY, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"at": "1"}})
    source.put(KEY, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"at": "2"}})
    return Store(source, Scheme(Release("1.37")), Transformers(), prefix="/registry", revision=first)


def held(store: Store) -> list[str]:
    """What the store shows of the key."""
    return [read.object["data"]["at"] for read in store.under(KEY)]  # type: ignore[union-attr]


def test_another_release_reads_the_same_revision(store: Store) -> None:
    """Only the types and rules are others."""
    other = store.read_as(Scheme(Release("1.30")))
    assert str(other.codec.scheme.release) == "1.30"
    assert (other.revision, other.prefix) == (store.revision, "/registry")
    assert other.codec.transformers is store.codec.transformers
    assert held(store) == held(other) == ["1"]


def test_another_revision_by_the_same_rules(store: Store) -> None:
    """Of now, or of then."""
    now = store.at(0)
    assert (held(now), held(now.at(store.revision))) == (["2"], ["1"])
    assert now.codec.scheme is store.codec.scheme
    assert now.codec.transformers is store.codec.transformers
    assert now.prefix == "/registry"


def test_a_scan_that_goes_on_keeps_its_revision(store: Store) -> None:
    """Whether it may go on at another is the source's business."""
    across = store.across_compactions()
    assert (across.revision, across.prefix, held(across)) == (store.revision, "/registry", ["1"])
