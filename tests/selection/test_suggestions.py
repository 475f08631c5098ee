"""
What was probably meant by a name that is not there.
"""

from __future__ import annotations

import pytest

from kstore.catalog.releases import newest
from kstore.scheme.scheme import Scheme
from kstore.selection.suggestions import similar_namespace, similar_object
from kstore.store import Store
from kstore.testing import MemorySource


@pytest.fixture
def store() -> Store:
    """Two namespaces, and Pods of one name in both."""
    keys = [f"/registry/namespaces/{name}" for name in ("shop", "stage")]
    keys += [f"/registry/pods/{name}" for name in ("shop/web", "stage/web", "stage/frontend")]
    return Store(MemorySource(dict.fromkeys(keys, b"value")), Scheme(newest()))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shop", ""),
        ("shpo", "there is no namespace 'shpo': did you mean 'shop'?"),
        ("warehouse", "there is no namespace 'warehouse'"),
    ],
)
def test_a_namespace(store: Store, name: str, said: str) -> None:
    """One that is not there is said, and which one is spelled alike; of one that is there nothing is."""
    assert similar_namespace(store, name) == said


def test_a_store_without_namespaces() -> None:
    """It cannot tell that one is not there."""
    assert similar_namespace(Store(MemorySource({}), Scheme(newest())), "shop") == ""


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("pods/stage/frontent", "did you mean 'pods/stage/frontend'?"),
        ("pods/stage/front", "did you mean 'pods/stage/frontend'?"),
        ("pods/shop/frontend", "did you mean 'pods/stage/frontend'?"),
        ("pods/shop/other", ""),
        ("pods/shop", ""),
    ],
)
def test_an_object(store: Store, key: str, said: str) -> None:
    """One that is spelled alike or begins so beside it, else one of the same name elsewhere."""
    assert similar_object(store, f"/registry/{key}".encode()) == said
