"""Copies of a database that were taken while etcd wrote to it: exact, or refused; never silently short."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.source.etcd_releases import EtcdRelease
from tools.cluster import Etcd

from kstore.errors import DamagedStore
from kstore.records import Delete, Put, Record
from kstore.source.etcd.live import LiveSource
from kstore.source.snapshot.source import SnapshotSource

pytestmark = pytest.mark.etcd

Start = Callable[..., Etcd]
Connect = Callable[..., LiveSource]
Serve = Callable[..., Etcd]
PAGE = 4096


class Writer:
    """Random changes of a few hundred keys, and what the store held after each."""

    def __init__(self, live: LiveSource, release: EtcdRelease, endpoint: str, seed: int) -> None:
        self._live = live
        self._release = release
        self._endpoint = endpoint
        self._random = random.Random(seed)
        self.now: dict[bytes, tuple[bytes, int]] = {}
        self.states: dict[int, dict[bytes, tuple[bytes, int]]] = {}

    def change(self) -> None:
        """Put a key or delete one."""
        key = b"/registry/configmaps/default/c%03d" % self._random.randrange(200)
        _, revision = self.now.get(key, (b"", 0))
        if revision and self._random.random() < 0.2:
            done = self._live.commit([Delete(key, revision)])
            del self.now[key]
        else:
            value = os.urandom(self._random.randrange(100, 1500))
            done = self._live.commit([Put(key, value, revision)])
            self.now[key] = (value, done.revision)
        self.states[done.revision] = dict(self.now)

    def compact(self) -> None:
        """Compact all but the last changes."""
        with suppress(AssertionError):
            self._release.ctl(self._endpoint, "compaction", str(max(self.states) - 5))


def slow_copy(database: Path, target: Path, writer: Writer, random_: random.Random) -> None:
    """Copy pages in order; the store changes meanwhile."""
    step = random_.choice([1, 4, 16]) * PAGE
    changes = random_.choice([1, 2, 5])
    compact_at = random_.randrange(100) * PAGE
    with database.open("rb") as source, target.open("wb") as copy:
        while data := source.read(step if source.tell() < 150 * PAGE else 1 << 20):
            copy.write(data)
            if source.tell() < 150 * PAGE and random_.random() < 0.3:
                for _ in range(changes):
                    writer.change()
            if 0 <= source.tell() - compact_at < step:
                writer.compact()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_slow_copies_under_writes(
    seed: int, newest_release: EtcdRelease, serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """Each copy is exactly the store at one revision, or it is refused; salvaged, the damage is named."""
    server = serve(newest_release, backend_batch_interval="1ms")
    writer = Writer(connect(server.endpoint), newest_release, server.endpoint, seed)
    random_ = random.Random(seed)
    for _ in range(300):
        writer.change()
    copy = tmp_path / "copy.db"
    for _ in range(12):
        slow_copy(server.data / "member/snap/db", copy, writer, random_)
        try:
            with SnapshotSource(copy) as source:
                found = {record.key: (record.value, record.mod_revision) for record in source.scan()}
                assert found == writer.states[source.status().revision]
        except DamagedStore:
            with SnapshotSource(copy, salvage=True) as source:
                list(source.scan())
                assert source.damage


def torn(server: Etcd, writer: Writer, target: Path) -> Path:
    """A copy whose first pages are older than the others by hundreds of transactions."""
    for _ in range(200):
        writer.change()
    database = server.data / "member/snap/db"
    with database.open("rb") as source, target.open("wb") as copy:
        copy.write(source.read(2 * PAGE))
        for _ in range(300):
            writer.change()
        shutil.copyfileobj(source, copy)
    return target


@pytest.mark.large
def test_a_torn_copy_is_refused_and_salvaged(
    newest_release: EtcdRelease, serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """Its meta pages are old: nothing is shown without salvage, and with it every object that a page still holds."""
    server = serve(newest_release, backend_batch_interval="1ms")
    writer = Writer(connect(server.endpoint), newest_release, server.endpoint, 7)
    copy = torn(server, writer, tmp_path / "copy.db")
    with pytest.raises(DamagedStore) as caught:
        SnapshotSource(copy)
    assert "etcdctl snapshot save" in caught.value.hint or "salvage" in caught.value.hint
    with SnapshotSource(copy, salvage=True) as source:
        found = {record.key: (record.value, record.mod_revision) for record in source.scan()}
        assert source.damage
        newest = source.status().revision
    assert len(found) > 0.9 * len(writer.states[newest])
    assert all(value in (state.get(key) for state in writer.states.values()) for key, value in found.items())


@pytest.mark.parametrize("which", [0, 7])
def test_a_root_that_was_written_over(
    which: int, newest_release: EtcdRelease, serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """
    A leaf where the tree's root was, all of its revisions compacted: nothing is newer and nothing is missing between.

    That a value of the compacted revision itself lies beside the tree is all that shows it.
    """
    server = serve(newest_release)
    live = connect(server.endpoint)
    for number in range(120):
        last = live.commit([Put(b"/registry/configmaps/default/c%03d" % number, b"x" * 700, 0)]).revision
    newest_release.ctl(server.endpoint, "compaction", "--physical", str(last))
    content = bytearray(newest_release.save(server.endpoint, tmp_path / "saved.db").read_bytes()[:-32])
    path = tmp_path / "copy.db"
    path.write_bytes(content)
    with SnapshotSource(path) as source:
        assert len(list(source.keys())) == 120
        root = source.mvcc.buckets[b"key"].root
        leaves = [number for number, _, _ in source.mvcc.buckets[b"key"].first_keys()]
    leaf = leaves[which]
    content[root * PAGE : (root + 1) * PAGE] = root.to_bytes(8, "little") + content[leaf * PAGE + 8 : (leaf + 1) * PAGE]
    path.write_bytes(content)
    with pytest.raises(DamagedStore, match="holds a value of revision"):
        SnapshotSource(path)


def test_without_its_root_bucket(newest_release: EtcdRelease, serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """When the page that names the buckets is gone, salvage finds every entry page by page."""
    server = serve(newest_release)
    live = connect(server.endpoint)
    for number in range(120):
        live.commit([Put(b"/registry/configmaps/default/c%03d" % number, b"x" * 700, 0)])
    records = list(live.scan())
    path = newest_release.save(server.endpoint, tmp_path / "saved.db")
    content = bytearray(path.read_bytes()[:-32])
    with SnapshotSource(path) as source:
        root = source.database.meta.root * PAGE
    content[root : root + PAGE] = bytes(PAGE)
    (tmp_path / "rootless.db").write_bytes(content)
    with pytest.raises(DamagedStore):
        SnapshotSource(tmp_path / "rootless.db")
    with SnapshotSource(tmp_path / "rootless.db", salvage=True) as source:
        assert list(source.scan()) == records
        assert source.get(records[5].key) == records[5]
        assert [each.record for each in source.history(records[7].key)] == [records[7]]
        assert source.damage


@pytest.fixture
def writing(newest_release: EtcdRelease, serve: Serve, connect: Connect) -> tuple[Etcd, Writer]:
    """An etcd that commits rarely, and a writer."""
    server = serve(newest_release, backend_batch_interval="1h", backend_batch_limit="40")
    return server, Writer(connect(server.endpoint), newest_release, server.endpoint, 3)


@pytest.mark.large
def test_a_member_that_was_killed(writing: tuple[Etcd, Writer]) -> None:
    """A database whose etcd was killed is exact as of its last transaction, not torn."""
    server, writer = writing
    for _ in range(500):
        writer.change()
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    with SnapshotSource(server.data) as source:
        found = {record.key: (record.value, record.mod_revision) for record in source.scan()}
        assert found == writer.states[source.status().revision]


@pytest.mark.large
def test_killed_between_the_pages_and_the_meta_page(writing: tuple[Etcd, Writer], tmp_path: Path) -> None:
    """The pages of a transaction that never came to its meta page are no tear: the one before is whole."""
    server, writer = writing
    for _ in range(500):
        writer.change()
    database = server.data / "member/snap/db"
    with SnapshotSource(database) as source:
        transaction = source.database.meta.transaction
    before = database.read_bytes()[: 2 * PAGE]
    while True:
        writer.change()
        with SnapshotSource(database) as source:
            if source.database.meta.transaction != transaction:
                break
    copy = tmp_path / "copy.db"
    copy.write_bytes(before + database.read_bytes()[2 * PAGE :])
    with SnapshotSource(copy) as source:
        assert source.database.meta.transaction == transaction
        found = {record.key: (record.value, record.mod_revision) for record in source.scan()}
        assert found == writer.states[source.status().revision]


def test_shared_torn_copy(shared: Path, unpack: Callable[[Path], bytes], tmp_path: Path) -> None:
    """The one that showed 5 of about 800 objects."""
    (tmp_path / "torn.db").write_bytes(unpack(shared / "cases/files/torn3.db.zst"))
    with pytest.raises(DamagedStore, match="while etcd wrote to"):
        SnapshotSource(tmp_path / "torn.db")
    with SnapshotSource(tmp_path / "torn.db", salvage=True) as source:
        records: list[Record] = list(source.scan())
        assert len(records) > 700
        assert source.damage
