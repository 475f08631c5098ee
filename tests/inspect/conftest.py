"""
A small store in memory that keeps its history, for the questions about a store; and how to fill it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.encryption.transformers import Transformers
from kstore.records import Delete, Mutation, Put, Record, Revision
from kstore.scheme.scheme import Scheme
from kstore.source.interface import Committed, Limits, StoreStatus, WritableSource
from kstore.store import Store


class MemorySource(WritableSource):
    """Keys in memory, every revision kept."""

    def __init__(self) -> None:
        self.revision = 1
        self.past: list[Revision] = []
        self.granted: dict[int, int] = {}

    def status(self) -> StoreStatus:
        return StoreStatus("memory", "memory", self.revision, size=100_000, size_in_use=60_000, quota=200_000)

    def live(self, revision: int = 0) -> dict[bytes, Record]:
        found: dict[bytes, Record] = {}
        for one in self.past:
            if revision and one.record.mod_revision > revision:
                break
            if one.deleted:
                found.pop(one.record.key, None)
            else:
                found[one.record.key] = one.record
        return found

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        for key, record in sorted(self.live(revision).items()):
            if key.startswith(prefix) and key >= start:
                yield record

    def history(self, key: bytes) -> Iterator[Revision]:
        return (one for one in list(self.past) if one.record.key == key)

    def history_scan(self, prefix: bytes = b"") -> Iterator[Revision]:
        return (one for one in list(self.past) if one.record.key.startswith(prefix))

    def watch(self, prefix: bytes = b"", *, start_revision: int = 0) -> Iterator[Revision]:
        first = start_revision or self.revision + 1
        return (one for one in self.history_scan(prefix) if one.record.mod_revision >= first)

    def leases(self) -> dict[int, int]:
        return self.granted

    def limits(self) -> Limits:
        return Limits()

    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        live = self.live()
        for one in mutations:
            found = live.get(one.key)
            if (found.mod_revision if found else 0) != one.expected_mod_revision:
                return Committed(False, self.revision)
        self.revision += 1
        for one in mutations:
            old = live.get(one.key)
            if isinstance(one, Delete):
                self.past.append(Revision(Record(one.key, b"", 0, self.revision, 0), deleted=True))
            else:
                created, version = (old.create_revision, old.version + 1) if old else (self.revision, 1)
                record = Record(one.key, one.value, created, self.revision, version, one.lease)
                self.past.append(Revision(record))
        return Committed(True, self.revision)

    def put(self, key: str, value: bytes | dict[str, Any], *, lease: int = 0) -> int:
        """Write a value, JSON for an object; the revision that it got."""
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        old = self.live().get(key.encode())
        return self.commit([Put(key.encode(), data, old.mod_revision if old else 0, lease)]).revision

    def delete(self, key: str) -> None:
        """Delete a key."""
        old = self.live()[key.encode()]
        self.commit([Delete(old.key, old.mod_revision)])


@pytest.fixture
def source() -> MemorySource:
    """An empty store in memory."""
    return MemorySource()


OpenStore = Callable[..., Store]


@pytest.fixture
def open_store(source: MemorySource) -> OpenStore:
    """Read the store in memory as Kubernetes objects, as of a release and an encryption configuration."""

    def opened(release: str = "1.37", transformers: Transformers | None = None) -> Store:
        return Store(source, Scheme(Release(release)), transformers)

    return opened


def config_map(name: str, namespace: str = "default", **more: Any) -> dict[str, Any]:
    """A config map; `manager` and `time` make an entry in its managedFields."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "uid": f"uid-{name}"}
    if "manager" in more:
        metadata["managedFields"] = [
            {"manager": more.pop("manager"), "operation": "Update", "apiVersion": "v1", "time": more.pop("time"),
             "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}}},
        ]  # fmt: skip
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, **more}
