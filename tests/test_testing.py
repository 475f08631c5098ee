"""
Every source of ours passes the checks that are offered to others; and a source that is wrong does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tools.cluster import Etcd

from kstore.catalog.releases import newest
from kstore.codec import StoredObject
from kstore.errors import Compacted
from kstore.records import Mutation, Record
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource
from kstore.source.export_directory import DirectorySource, DirectoryWriter
from kstore.source.interface import Committed, Source
from kstore.source.snapshot.source import SnapshotSource
from kstore.store import Store
from kstore.testing import HISTORY_CHECKS, READ_CHECKS, WRITE_CHECKS, MemorySource, compacted, fill

Check = Callable[[Any], None]


def named(checks: Sequence[Check]) -> Any:
    """One test a check."""
    return pytest.mark.parametrize("check", checks, ids=lambda check: check.__name__)


@pytest.fixture
def memory() -> MemorySource:
    """A filled store in memory."""
    source = MemorySource()
    fill(source)
    return source


@pytest.fixture
def live(etcd_server: Etcd) -> Iterator[LiveSource]:
    """A filled etcd."""
    with LiveSource([etcd_server.endpoint]) as source:
        fill(source)
        yield source


@pytest.fixture(scope="module")
def database(etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database file of an etcd that was filled and stopped."""
    folder = tmp_path_factory.mktemp("filled")
    server = Etcd(etcd_binary, folder).start()
    try:
        with LiveSource([server.endpoint]) as source:
            fill(source)
    finally:
        server.stop()
    return next(folder.rglob("member/snap/db"))


@named([*READ_CHECKS, *HISTORY_CHECKS])
def test_memory(check: Check, memory: MemorySource) -> None:
    """The store in memory."""
    check(memory)


@named([*READ_CHECKS, *HISTORY_CHECKS])
def test_a_database(check: Check, database: Path) -> None:
    """The file of a real etcd."""
    with SnapshotSource(database) as source:
        check(source)


@named(READ_CHECKS)
def test_an_export(check: Check, memory: MemorySource, tmp_path: Path) -> None:
    """A directory that `export` wrote."""
    with DirectoryWriter(tmp_path / "export", memory.status(), {}) as writer:
        for record in memory.scan():
            writer.add(record)
    with DirectorySource(tmp_path / "export") as source:
        check(source)


@pytest.mark.etcd
def test_a_running_etcd(live: LiveSource) -> None:
    """A real etcd, all checks on one server; closing comes last."""
    for check in [*HISTORY_CHECKS[:1], HISTORY_CHECKS[2], *READ_CHECKS]:
        check(live)


@named(WRITE_CHECKS)
def test_memory_is_written(check: Check) -> None:
    """The store in memory."""
    check(MemorySource())


@pytest.mark.etcd
@named(WRITE_CHECKS)
def test_a_running_etcd_is_written(check: Check, etcd_server: Etcd) -> None:
    """A real etcd."""
    with LiveSource([etcd_server.endpoint]) as source:
        check(source)


def test_compaction(memory: MemorySource) -> None:
    """What was overwritten goes, what is live stays; a watch from before is refused."""
    memory.compact(memory.revision - 1)
    compacted(memory, memory.compact_revision)
    assert {one.record.key for one in memory.history_scan()} == {one.key for one in memory.scan()}
    with pytest.raises(Compacted):
        list(memory.watch(start_revision=2))


@pytest.mark.etcd
def test_compaction_of_a_running_etcd(live: LiveSource) -> None:
    """A real etcd answers the same."""
    revision = live.status().revision
    live.client.compact(revision, physical=True)
    compacted(live, revision)


class Careless(MemorySource):
    """Writes whatever is expected."""

    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        for one in mutations:
            self.__dict__["_live"].setdefault(one.key, Record(one.key, b"", 1, one.expected_mod_revision, 1))
        return super().commit(mutations)


class Unsorted(MemorySource):
    """Scans backwards."""

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        return iter(list(super().scan(prefix, revision=revision, start=start))[::-1])


class Forgetful(MemorySource):
    """Answers every revision with what is there now."""

    def live(self, revision: int = 0) -> dict[bytes, Record]:
        return super().live()


@pytest.mark.parametrize(
    ("kind", "checks"),
    [(Unsorted, READ_CHECKS), (Forgetful, HISTORY_CHECKS), (Careless, WRITE_CHECKS)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_source_that_is_wrong(kind: type[MemorySource], checks: Sequence[Check]) -> None:
    """At least one check says what was found and what was expected."""
    said = []
    for check in checks:
        source: Source = kind()
        if checks is not WRITE_CHECKS:
            fill(source)  # type: ignore[arg-type]
        try:
            check(source)
        except AssertionError as error:
            said.append(str(error))
    assert any("expected" in text for text in said)


class WithinPrefix(MemorySource):
    """Refuses what a user who may read `/registry/` only may not read."""

    def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        """One key, which may be the prefix itself."""
        assert key == b"/registry" or key.startswith(b"/registry/")
        return super().get(key, revision=revision)

    def keys(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[bytes]:
        """Keys below the prefix."""
        assert prefix.startswith(b"/registry/")
        return super().keys(prefix, revision=revision, start=start)


def test_keys_below_a_path() -> None:
    """As a directory: nothing of `/registry-other` is read, neither for the prefix nor for a part of it."""
    names = ("/registry-other/pods/a", "/registry/pods", "/registry/pods/d/a", "/registry/podtemplates/d/a")
    store = Store(WithinPrefix(dict.fromkeys(names, b"{}")), Scheme(newest()))
    assert list(store.keys("/registry")) == [name.encode() for name in names[1:]]
    assert list(store.keys("/registry/pods")) == [b"/registry/pods", b"/registry/pods/d/a"]
    assert list(store.keys("/registry/pods/")) == [b"/registry/pods/d/a"]
    everything = Store(MemorySource(dict.fromkeys(names, b"{}")), Scheme(newest()))
    assert len(list(everything.keys("/"))) == len(list(everything.keys(""))) == len(list(everything.under(""))) == 4


@pytest.mark.large
def test_in_three_lines() -> None:
    """As the module's docstring has it."""
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default"}}
    source = MemorySource({"/registry/pods/default/web": pod})
    store = Store(source, Scheme(newest()))
    (read,) = store.under("/registry/pods")
    assert isinstance(read, StoredObject)
    assert read.gvk.kind == "Pod"
    assert source.put("/registry/pods/default/web", b"{}", lease=7) == 3
    assert [one.record.lease for one in source.history(b"/registry/pods/default/web")] == [0, 7]
