"""
A store in memory that can be written, and made to fail.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from kstore.catalog.releases import newest
from kstore.codec import StorageCodec
from kstore.migrate.apply import Applier
from kstore.migrate.journal import JournalWriter
from kstore.migrate.plan import VersionPlanner
from kstore.migrate.targets import VersionTargets
from kstore.naming import GroupVersion
from kstore.records import Mutation, Put, Record
from kstore.scheme.scheme import Scheme
from kstore.source.interface import Committed, Limits, StoreStatus, WritableSource
from kstore.write.batches import Pace


class MemoryStore(WritableSource):
    """Keys in a dict, compare-and-swap as etcd does it; `before_commit` may change or raise."""

    def __init__(self, values: dict[bytes, bytes], *, operations: int = 128) -> None:
        self.revision = 1
        self.records = {key: Record(key, value, 1, 1, 1) for key, value in values.items()}
        self.operations = operations
        self.before_commit: Callable[[Sequence[Mutation]], None] = lambda _: None
        self.after_commit: Callable[[], None] = lambda: None
        self.alarms: tuple[str, ...] = ()

    def status(self) -> StoreStatus:
        return StoreStatus("memory", "memory", self.revision, alarms=self.alarms)

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        yield from (self.records[key] for key in sorted(self.records) if key.startswith(prefix) and key >= start)

    def limits(self) -> Limits:
        return Limits(operations=self.operations)

    def put(self, key: bytes, value: bytes, lease: int = 0) -> None:
        """Write as another client would."""
        self.revision += 1
        old = self.records.get(key)
        created, version = (old.create_revision, old.version + 1) if old else (self.revision, 1)
        self.records[key] = Record(key, value, created, self.revision, version, lease)

    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        self.before_commit(mutations)
        for one in mutations:
            found = self.records.get(one.key)
            if (found.mod_revision if found else 0) != one.expected_mod_revision:
                return Committed(False, self.revision)
        self.revision += 1
        for one in mutations:
            assert isinstance(one, Put)
            old = self.records[one.key]
            self.records[one.key] = Record(
                one.key, one.value, old.create_revision, self.revision, old.version + 1, one.lease
            )
        self.after_commit()
        return Committed(True, self.revision)


@pytest.fixture(scope="session")
def codec() -> StorageCodec:
    return StorageCodec(Scheme(newest()))


@pytest.fixture
def planner(codec: StorageCodec) -> VersionPlanner:
    """`--to apps/v1`."""
    return VersionPlanner(codec, VersionTargets(codec.scheme, (GroupVersion("apps", "v1"),)))


@pytest.fixture(scope="session")
def deployment(codec: StorageCodec) -> Callable[..., bytes]:
    """A Deployment as it was stored in apps/v1beta1: `deployment("web", image="web:2")`."""

    def make(name: str, image: str = "web:1", version: str = "apps/v1beta1") -> bytes:
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": image}]}}
        old = {
            "kind": "Deployment",
            "apiVersion": "apps/v1beta1",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"template": template},
        }
        group, _, number = version.partition("/")
        return codec.convert(codec.encode(old), GroupVersion(group, number))

    return make


@pytest.fixture
def shop(deployment: Callable[..., bytes]) -> MemoryStore:
    """Ten Deployments of apps/v1beta1, and one that is already as it should be."""
    values = {key(f"web-{number}"): deployment(f"web-{number}") for number in range(10)}
    return MemoryStore({**values, key("done"): deployment("done", version="apps/v1")})


def key(name: str) -> bytes:
    return f"/registry/deployments/shop/{name}".encode()


@pytest.fixture
def journal_path(tmp_path: Path) -> Iterator[Path]:
    """Names for journals that are not there yet."""
    numbers = itertools.count()
    return (tmp_path / f"{number}.journal" for number in numbers)


@pytest.fixture
def migrated(shop: MemoryStore, planner, journal_path):
    """A store that was migrated, and the journal."""
    path = next(journal_path)
    writer = JournalWriter(path, {"store": "memory"})
    writer.finish(Applier(shop, planner, writer, pace=Pace(batch=3, concurrency=1)).run(shop.scan()))
    writer.close()
    return shop, path
