"""Which file of a member's data directory is the store: the one that its etcd would start from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.source.etcd_releases import EtcdRelease
from tools.cluster import Etcd

from kstore.errors import StoreNotFound
from kstore.records import Put, Record
from kstore.source.etcd.live import LiveSource
from kstore.source.snapshot.member import find_database
from kstore.source.snapshot.source import SnapshotSource

pytestmark = pytest.mark.etcd

Start = Callable[..., Etcd]
Serve = Callable[..., Etcd]
Connect = Callable[..., LiveSource]


def put(live: LiveSource, first: int, count: int) -> None:
    """Some keys, each with a transaction of its own."""
    for number in range(first, first + count):
        assert live.commit([Put(b"/registry/configmaps/default/c%d" % number, b"%d" % number, 0)]).succeeded


@pytest.fixture
def interrupted(
    newest_release: EtcdRelease, serve: Serve, connect: Connect, tmp_path: Path
) -> tuple[Path, list[Record]]:
    """
    The directory of a member that was killed after it had noted its leader's snapshot, and what its etcd will serve.

    Its own database is of a time before; the one that it received bears the number of the snapshot's last entry.
    """
    server = serve(newest_release, snapshot_count="5")
    snap = server.data / "member" / "snap"
    with connect(server.endpoint) as live:
        put(live, 0, 3)
    server.stop()
    old = shutil.copy(snap / "db", tmp_path / "old.db")
    server.start()
    with connect(server.endpoint) as live:
        put(live, 3, 30)
        records = list(live.scan())
    server.stop()
    newest = max(path.stem.partition("-")[2] for path in snap.glob("*-*.snap"))
    (snap / "db").rename(snap / f"{newest}.snap.db")
    shutil.copy(old, snap / "db")
    return server.data, records


@pytest.mark.large
@pytest.mark.parametrize("place", ["", "member", "member/snap"])
def test_a_database_that_the_leader_sent(interrupted: tuple[Path, list[Record]], place: str) -> None:
    """It is read in the place of the member's own, which is older, and the reader is told so."""
    data, records = interrupted
    with SnapshotSource(data / place) as source:
        assert list(source.scan()) == records
        assert source.database_path.name.endswith(".snap.db")
        assert source.database_path.name in source.notes[0]


@pytest.mark.large
def test_etcd_starts_from_it_as_well(
    interrupted: tuple[Path, list[Record]],
    newest_release: EtcdRelease,
    serve: Serve,
    connect: Connect,
    tmp_path: Path,
) -> None:
    """What is read is what a real etcd serves from a copy of the directory."""
    if newest_release.release < "3.6":
        pytest.skip("etcd 3.5 is not sure to start from such a directory: `make etcds` builds a newer one")
    data, records = interrupted
    shutil.copytree(data, tmp_path / "etcd")
    with connect(serve(newest_release, tmp_path).endpoint) as live:
        assert list(live.scan()) == records


def test_a_member_without_a_database_of_its_own(interrupted: tuple[Path, list[Record]]) -> None:
    """The one that it received is all it has."""
    data, records = interrupted
    (data / "member/snap/db").unlink()
    with SnapshotSource(data) as source:
        assert list(source.scan()) == records
        assert "no db of its own" in source.notes[0]


def test_a_database_that_the_member_did_not_note(interrupted: tuple[Path, list[Record]]) -> None:
    """One that no snapshot file names is not what etcd starts from; it may not be whole."""
    data, _ = interrupted
    snap = data / "member/snap"
    (received,) = snap.glob("*.snap.db")
    for path in snap.glob("*-*.snap"):
        path.unlink()
    found = find_database(data)
    assert found.path == snap / "db"
    assert received.name in found.note
    with SnapshotSource(data) as source:
        assert len(list(source.scan())) == 3
    (snap / "db").unlink()
    with pytest.raises(StoreNotFound) as caught:
        find_database(data)
    assert received.name in caught.value.hint


def test_a_snapshot_that_the_log_does_not_have(interrupted: tuple[Path, list[Record]]) -> None:
    """A file that was written before the log could note it does not count."""
    data, _ = interrupted
    snap = data / "member/snap"
    (received,) = snap.glob("*.snap.db")
    newest = max(snap.glob("*-*.snap"))
    term = newest.name.partition("-")[0]
    newest.rename(snap / f"{term}-{0xFFFF:016x}.snap")
    received.rename(snap / f"{0xFFFF:016x}.snap.db")
    found = find_database(data)
    assert found.path == snap / "db"
    assert "would not start from" in found.note


def test_a_running_member(start_etcd: Start, connect: Connect) -> None:
    """A running etcd has chosen already: `db` is its database, whatever is beside it."""
    server = start_etcd()
    with connect(server.endpoint) as live:
        put(live, 0, 5)
    snap = server.data / "member/snap"
    shutil.copy(snap / "db", snap / f"{0xFFFF:016x}.snap.db")
    (snap / f"{2:016x}-{0xFFFF:016x}.snap").touch()
    assert find_database(server.data).path == snap / "db"


def test_the_received_database_that_is_missing(interrupted: tuple[Path, list[Record]]) -> None:
    """A snapshot is noted, its database is gone: the old one is read, and that etcd would refuse it is said."""
    data, _ = interrupted
    snap = data / "member/snap"
    (received,) = snap.glob("*.snap.db")
    received.rename(snap / f"{1:016x}.snap.db")
    found = find_database(data)
    assert found.path == snap / "db"
    assert "would not start" in found.note
    assert received.name in found.note
