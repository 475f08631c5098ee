"""
The demo store and stores of our own, as tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kstore
from kstore.library.opening import Opening
from kstore.sql.asked_store import AskedStore
from kstore.sql.database import Database
from kstore.testing import MemorySource

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def demo_store() -> Iterator[AskedStore]:
    """The demo store."""
    opening = Opening("demo", release="1.37")
    yield AskedStore.pinned(opening.store)
    opening.close()


@pytest.fixture(scope="session")
def ask(demo_store: AskedStore) -> Ask:
    """The rows of a query over the demo store."""
    database = Database([demo_store])
    return lambda query: list(database.answer(query).rows)


@pytest.fixture(scope="session")
def objects() -> list[Any]:
    """What `store.objects()` says of the demo store."""
    with kstore.open("demo", release="1.37") as store:
        return list(store.objects())


def asked_of(source: MemorySource, **attributes: Any) -> AskedStore:
    """A store in memory, as a asked."""
    opening = Opening(source, release="1.37")
    found = AskedStore.pinned(opening.store)
    for name, value in attributes.items():
        setattr(found, name, value)
    return found


def pod(name: str, node: str, namespace: str = "shop") -> dict[str, Any]:
    """A small Pod."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeName": node, "containers": [{"name": "a", "image": f"example.com/{name}:1"}]},
    }
