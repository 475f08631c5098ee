"""
Whether the copies of a move go into the store that they are made of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kstore.errors import UsageError
from kstore.library.moving import Destination, Move
from kstore.library.opening import Opening
from kstore.source.interface import StoreStatus
from kstore.testing import MemorySource


class Etcd(MemorySource):
    """A store in memory that says of which cluster it is."""

    cluster_id = ""

    def status(self) -> StoreStatus:
        return replace(super().status(), cluster_id=self.cluster_id)


def etcd(cluster: str) -> Etcd:
    """A store with one object."""
    metadata: dict[str, Any] = {"name": "a", "namespace": "default"}
    value = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}
    source = Etcd({"/registry/configmaps/default/a": value})
    source.cluster_id = cluster
    return source


@pytest.mark.parametrize(
    ("ours", "theirs", "address", "within"),
    [
        ("a1", "a1", "https://10.0.0.2:2379", True),
        ("a1", "b2", "https://10.0.0.2:2379", False),
        ("", "", "https://10.0.0.2:2379", False),
        ("a1", "b2", "https://10.0.0.1:2379", True),
    ],
)
def test_another_address_of_the_same_store(ours: str, theirs: str, address: str, within: bool) -> None:
    """A member at another address is of the same cluster: copies below the same prefix would be the keys themselves."""
    store = Opening(etcd(ours), release="1.37").store
    destination = Destination(etcd(theirs), address, None)
    if within:
        with pytest.raises(UsageError):
            Move(store, (), destination, address="https://10.0.0.1:2379")
    else:
        found = Move(store, (), destination, address="https://10.0.0.1:2379")
        assert found.routes.pairs == (("/registry", "/registry"),)
