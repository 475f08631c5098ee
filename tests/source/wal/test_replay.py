"""A member's log on top of its database: what the member itself would serve after a crash."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.patience import COMMAND_TIMEOUT, SECONDS, InsistentSource, until
from tests.source.etcd_releases import EtcdRelease
from tools.cluster import Etcd, Server

from kstore.errors import NoSpace, SourceError
from kstore.records import Delete, Put, Record, Revision
from kstore.source.etcd.live import LiveSource
from kstore.source.options import SourceOptions
from kstore.source.snapshot.source import SnapshotSource

pytestmark = pytest.mark.etcd

NEVER = {"backend_batch_interval": "1h", "backend_batch_limit": "1000000"}
"""The database is written on compaction and on a clean end only."""


TRANSACTIONS = (
    'value("/a/20") = "10"\nmod("/a/21") > "0"\n\nput /t 1\ndel /a/20\nget /a/22\n\nput /f 1\n\n',
    'value("/none") = "x"\n\nput /never 1\n\nput /f 2\nput /f2 2\n\n',
    'ver("/none") < "1"\ncreate("/none") = "0"\n\nput /g 3\ndel /a/3 --prefix\n\nget /a\n\n',
    'mod("/g") < "1"\n\nput /never 1\n\nget /a\n\n',
)
"""Conditions, what is done if they hold, and what if not."""


def lease_of(release: EtcdRelease, endpoint: str, *arguments: str) -> int:
    """Grant a lease; its number."""
    return int(release.ctl(endpoint, "lease", "grant", "3600", *arguments).split()[1], 16)


def transaction(release: EtcdRelease, endpoint: str, text: str) -> None:
    """Run a transaction in etcdctl's own notation."""
    command = [str(release.folder / "etcdctl"), f"--endpoints={endpoint}", COMMAND_TIMEOUT, "txn"]
    result = subprocess.run(command, input=text, text=True, env={"ETCDCTL_API": "3"}, capture_output=True, check=False)
    assert result.returncode == 0, f"{text!r}: {result.stderr}"


def busy(release: EtcdRelease, endpoint: str, live: LiveSource) -> None:
    """Do everything that an entry can ask for, also what is refused."""
    ctl = release.ctl
    for number in range(50):
        live.commit([Put(b"/a/%02d" % each, b"%d" % number, 0) for each in range(number * 2, number * 2 + 2)])
    first, second = lease_of(release, endpoint), lease_of(release, endpoint)
    ctl(endpoint, "put", "/a/01", "leased", f"--lease={first:x}")
    ctl(endpoint, "put", "/a/02", "leased", f"--lease={second:x}")
    ctl(endpoint, "put", "/new", "leased", f"--lease={first:x}")
    ctl(endpoint, "put", "/a/03", "--ignore-lease", "other")
    ctl(endpoint, "put", "/a/02", "--ignore-value", f"--lease={first:x}")
    ctl(endpoint, "put", "/a/04", "--ignore-value")
    ctl(endpoint, "del", "/a/10", "/a/15")
    ctl(endpoint, "del", "/a/9", "--from-key")
    ctl(endpoint, "put", "/a/11", "again")
    ctl(endpoint, "del", "/none")
    for text in TRANSACTIONS:
        transaction(release, endpoint, text)
    ctl(endpoint, "lease", "revoke", f"{second:x}")
    ctl(endpoint, "lease", "revoke", f"{first:x}")
    third = lease_of(release, endpoint)
    ctl(endpoint, "put", "/a/05", "kept", f"--lease={third:x}")
    for key, record in ((record.key, record) for record in list(live.scan(b"/a/4"))):
        live.commit([Delete(key, record.mod_revision)])
    # refused: another revision, a lease that is gone
    assert not live.commit([Put(b"/a/50", b"", 1), Put(b"/a/51", b"", 0)]).succeeded
    with pytest.raises(AssertionError):
        ctl(endpoint, "put", "/x", "x", f"--lease={first:x}")


def everything(source: LiveSource | SnapshotSource) -> tuple[list[Record], list[Revision], dict[int, int], int]:
    """All that a store tells of its keys."""
    return list(source.scan()), list(source.history_scan()), source.leases(), source.status().revision


@pytest.mark.large
def test_a_log_on_top_of_an_old_database(
    etcd_release: EtcdRelease,
    serve: Callable[..., Etcd],
    connect: Callable[..., LiveSource],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """After a crash, database and log give every key, revision and lease that the server had, and that it has again."""
    folder = tmp_path_factory.mktemp("member")
    server = serve(etcd_release, folder, **NEVER)
    live = connect(server.endpoint)
    live.commit([Put(b"/early", b"1", 0)])
    busy(etcd_release, server.endpoint, live)
    before = everything(live)
    old_revisions = {revision: list(live.scan(revision=revision)) for revision in range(before[3] - 10, before[3])}
    server.kill()
    copy = tmp_path_factory.mktemp("copy") / "etcd"
    shutil.copytree(server.data, copy)
    with SnapshotSource(copy) as plain:
        assert plain.status().revision < before[3]
    with SnapshotSource(copy, wal=True) as source:
        assert everything(source) == before
        assert {revision: list(source.scan(revision=revision)) for revision in old_revisions} == old_revisions
        assert int(source.status().details["log entries replayed"]) > 0
    again = serve(etcd_release, folder)
    assert everything(connect(again.endpoint)) == before


def test_compactions_and_alarms_are_replayed(
    newest_release: EtcdRelease, serve: Callable[..., Etcd], connect: Callable[..., LiveSource]
) -> None:
    """A compaction of the log holds, a raised alarm is there, and what it made the server refuse is not."""
    server = serve(newest_release, quota_backend_bytes="400000", **NEVER | {"backend_batch_limit": "25"})
    live = connect(server.endpoint)
    for number in range(10):
        live.commit([Put(b"/a/%d" % number, b"x" * 10, 0)])
    newest_release.ctl(server.endpoint, "compact", "8")
    with suppress(NoSpace):
        for number in range(100):
            live.commit([Put(b"/big/%d" % number, b"x" * 50_000, 0)])
    with pytest.raises(NoSpace):
        live.commit([Put(b"/refused", b"x", 0)])
    record = live.get(b"/a/3")
    assert record
    with suppress(NoSpace):  # 3.4 refuses deletions too
        assert live.commit([Delete(b"/a/3", record.mod_revision)]).succeeded
    records, revision = list(live.scan()), live.status().revision
    server.kill()
    with SnapshotSource(server.data, wal=True) as source:
        assert list(source.scan()) == records
        assert (source.status().revision, source.status().compact_revision) == (revision, 8)
        assert source.status().alarms == ("NOSPACE (default)",)


@pytest.mark.large
def test_a_log_that_was_never_needed(
    etcd_release: EtcdRelease, serve: Callable[..., Etcd], connect: Callable[..., LiveSource]
) -> None:
    """After a clean end the log has nothing that the database lacks."""
    server = serve(etcd_release)
    live = connect(server.endpoint)
    live.commit([Put(b"/a", b"1", 0)])
    live.commit([Put(b"/b", b"1", 0)])
    before = everything(live)
    server.stop()
    with SnapshotSource(server.data, wal=True) as source:
        assert everything(source) == before
        assert source.replayed == 0


def test_a_running_member(
    newest_release: EtcdRelease, serve: Callable[..., Etcd], connect: Callable[..., LiveSource]
) -> None:
    """The log of a running server is read beside it, and has what the database does not have yet."""
    server = serve(newest_release, **NEVER)
    live = connect(server.endpoint)
    live.commit([Put(b"/a", b"1", 0), Put(b"/b", b"1", 0)])
    with SnapshotSource(server.data, wal=True) as source:
        assert list(source.scan()) == list(live.scan())


def test_a_log_of_another_database(
    newest_release: EtcdRelease, serve: Callable[..., Etcd], connect: Callable[..., LiveSource], tmp_path: Path
) -> None:
    """A database that is older than the log's beginning, or without a log, is an error that says so."""
    server = serve(newest_release)
    connect(server.endpoint).commit([Put(b"/a", b"1", 0)])
    server.stop()
    folder = tmp_path / "member" / "snap"
    folder.mkdir(parents=True)
    shutil.copy(server.data / "member" / "snap" / "db", folder / "db")
    with pytest.raises(SourceError, match="no write-ahead log"):
        SnapshotSource(tmp_path, wal=True)


@pytest.mark.alone
def test_one_of_several_members(
    three_members: list[Server], tmp_path: Path, connect: Callable[..., LiveSource]
) -> None:
    """
    The last of three members, with proposals in its log that no majority took: they are left out, as the real etcd
    leaves them out with `--force-new-cluster`.
    """
    with InsistentSource([one.endpoint for one in three_members]) as source:
        for number in range(20):
            source.commit([Put(b"/a/%02d" % number, b"taken", 0)])
        leader = source.status().details["leader"]
        everywhere = source.revision()
    last = next(one for one in three_members if one.name == leader)
    alone = connect(last.endpoint, command_timeout=1.0)
    until(lambda: connect(last.endpoint, serializable=True).revision() == everywhere)
    for server in three_members:
        if server is not last:
            server.kill()
    with pytest.raises(SourceError):
        alone.commit([Put(b"/never", b"proposed", 0)])
    last.kill()
    folder = last.folder / last.name
    assert any(b"/never" in segment.read_bytes() for segment in (folder / "member" / "wal").glob("*.wal"))
    with SnapshotSource(folder, wal=True) as read:
        found = list(read.scan())
    copy = shutil.copytree(folder, tmp_path / "copy")
    command = [word.replace(str(folder), str(copy)) for word in last.command]
    with (
        Server("forced", [*command, "--force-new-cluster"], tmp_path, last.probe),
        LiveSource([last.endpoint], SourceOptions(dial_timeout=SECONDS)) as served,
    ):
        assert list(served.scan()) == found
    assert [one.key for one in found] == [b"/a/%02d" % number for number in range(20)]
