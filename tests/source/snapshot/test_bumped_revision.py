"""Stores restored with `--bump-revision --mark-compacted`, as etcd's guide for Kubernetes advises, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.source.etcd_releases import EtcdRelease, installed
from tools.cluster import Etcd

from kstore.errors import Compacted
from kstore.records import Delete, Put
from kstore.source.etcd.live import LiveSource
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import write_database

pytestmark = pytest.mark.etcd

Connect = Callable[..., LiveSource]
Serve = Callable[..., Etcd]


@pytest.fixture
def release() -> EtcdRelease:
    """An etcdutl that knows the flags."""
    found = installed().get("3.6")
    if found is None:
        pytest.skip("no etcd 3.6 is installed here")
    return found


def bump(release: EtcdRelease, path: Path, folder: Path, amount: int) -> Path:
    """Restore a snapshot with revisions that are higher."""
    return release.restore(path, folder, f"--bump-revision={amount}", "--mark-compacted")


@pytest.fixture
def saved(release: EtcdRelease, serve: Serve, connect: Connect, tmp_path: Path) -> Path:
    """A snapshot of some keys, one of them changed, one deleted at last."""
    server = serve(release)
    with connect(server.endpoint) as live:
        for number in range(40):
            live.commit([Put(b"/registry/configmaps/default/c%02d" % number, b"%d" % number, 0)])
        first, last = live.get(b"/registry/configmaps/default/c00"), live.get(b"/registry/configmaps/default/c39")
        assert first
        assert last
        live.commit([Put(first.key, b"again", first.mod_revision)])
        live.commit([Delete(last.key, last.mod_revision)])
    return release.save(server.endpoint, tmp_path / "saved.db")


@pytest.mark.large
@pytest.mark.parametrize("amount", [1, 1_000_000_000])
def test_a_restored_store(release: EtcdRelease, saved: Path, tmp_path: Path, amount: int) -> None:
    """All keys are there, at the revisions that they had; the store's own is the higher one, all before compacted."""
    bump(release, saved, tmp_path, amount)
    with SnapshotSource(saved) as before, SnapshotSource(tmp_path / "etcd") as after:
        assert list(after.scan()) == list(before.scan())
        now = before.status().revision + amount
        assert (after.status().revision, after.status().compact_revision) == (now, now)
        assert [each.record for each in after.history_scan()] == sorted(
            before.scan(), key=lambda record: record.mod_revision
        )
        assert sum(1 for _ in after.history_sizes()) == 39
        with pytest.raises(Compacted):
            list(after.scan(revision=now - 1))


@pytest.mark.large
def test_its_later_snapshots(release: EtcdRelease, saved: Path, serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """Written to, compacted, saved, bumped again: each file is what the server shows."""
    folder = bump(release, saved, tmp_path / "first", 5000)
    for again in range(2):
        server = serve(release, folder)
        live = connect(server.endpoint)
        live.commit([Put(b"/registry/configmaps/default/new%d" % again, b"new", 0)])
        later = release.save(server.endpoint, tmp_path / f"later{again}.db")
        with SnapshotSource(later) as source:
            assert list(source.scan()) == list(live.scan())
            assert source.status().revision == live.status().revision
        release.ctl(server.endpoint, "compaction", str(live.status().revision), "--physical")
        compacted = release.save(server.endpoint, tmp_path / f"compacted{again}.db")
        with SnapshotSource(compacted) as source:
            assert list(source.scan()) == list(live.scan())
            assert list(source.history_scan()) == list(live.history_scan())
        live.close()
        server.stop()
        folder = bump(release, compacted, tmp_path / f"again{again}", 7)
        with SnapshotSource(folder / "etcd") as source, SnapshotSource(compacted) as before:
            assert list(source.scan()) == list(before.scan())


@pytest.mark.large
def test_it_can_be_written_on(
    release: EtcdRelease, saved: Path, serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """A new file with a change is accepted by etcd, and goes on from the higher revision."""
    folder = bump(release, saved, tmp_path / "bumped", 100)
    server = serve(release, folder)
    path = release.save(server.endpoint, tmp_path / "bumped.db")
    with SnapshotSource(path) as source:
        old = source.get(b"/registry/configmaps/default/c07")
        assert old
        written = write_database(source, [Put(old.key, b"changed", old.mod_revision)], tmp_path / "new.db")
        assert written.revision == source.status().revision + 1
    with connect(serve(release, release.restore(tmp_path / "new.db", tmp_path / "new")).endpoint) as live:
        record = live.get(b"/registry/configmaps/default/c07")
        assert record
        assert (record.value, record.mod_revision) == (b"changed", written.revision)


def test_shared_bumped_store(shared: Path) -> None:
    """The one that every command refused."""
    with SnapshotSource(shared / "cases/files/bumped.db") as source:
        assert source.count() == 3
