"""
A store in memory that can be written, and made to fail.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kstore.catalog.releases import newest
from kstore.codec import StorageCodec
from kstore.migrate.apply import Applier
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import VersionPlanner
from kstore.migrate.targets import VersionTargets
from kstore.naming import GroupVersion
from kstore.records import Mutation, Record
from kstore.scheme.scheme import Scheme
from kstore.source.interface import Committed, StoreStatus
from kstore.testing import MemorySource
from kstore.write.batches import Pace


class FaultySource(MemorySource):
    """A store in memory that can be made to fail around a commit; `put` and `delete` are another client's."""

    def __init__(self, values: dict[bytes, bytes], *, operations: int = 128) -> None:
        self.before_commit: Callable[[Sequence[Mutation]], None] = lambda _: None
        self.after_commit: Callable[[], None] = lambda: None
        self.alarms: tuple[str, ...] = ()
        super().__init__(values, operations=operations)

    @property
    def records(self) -> dict[bytes, Record]:
        """What is stored now."""
        return self.live()

    def status(self) -> StoreStatus:
        return replace(super().status(), alarms=self.alarms)

    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        self.before_commit(mutations)
        committed = super().commit(mutations)
        if committed.succeeded:
            self.after_commit()
        return committed


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
def shop(deployment: Callable[..., bytes]) -> FaultySource:
    """Ten Deployments of apps/v1beta1, and one that is already as it should be."""
    values = {key(f"web-{number}"): deployment(f"web-{number}") for number in range(10)}
    return FaultySource({**values, key("done"): deployment("done", version="apps/v1")})


def key(name: str) -> bytes:
    return f"/registry/deployments/shop/{name}".encode()


@pytest.fixture
def journal_path(tmp_path: Path) -> Iterator[Path]:
    """Names for journals that are not there yet."""
    numbers = itertools.count()
    return (tmp_path / f"{number}.journal" for number in numbers)


@pytest.fixture
def migrated(shop: FaultySource, planner, journal_path):
    """A store that was migrated, and the journal."""
    path = next(journal_path)
    writer = JournalWriter(path, {"store": "memory"})
    writer.finish(Applier(shop, planner, writer, pace=Pace(batch=3, concurrency=1)).run(shop.scan()))
    writer.close()
    return shop, path
