"""
Keys put, changed and deleted in a file: the new database is what an etcd would hold that was asked for the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.source.etcd_releases import EtcdRelease
from tests.source.sqlite.test_source import write as write_state
from tools.cluster import Etcd

from kstore.catalog.releases import newest
from kstore.codec import StorageCodec
from kstore.errors import Conflict, NotCopyable, UsageError, WriteRefused
from kstore.migrate.journal import Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.key_journal import KeyJournal
from kstore.migrate.verify import Verified, verify_file
from kstore.records import Put, Record
from kstore.repair.offline import copyable, write_changes
from kstore.scheme.scheme import Scheme
from kstore.source import interface
from kstore.source.etcd.live import LiveSource
from kstore.source.export_directory import DirectoryWriter
from kstore.source.location.address import open_source
from kstore.source.location.demo import open_demo
from kstore.source.snapshot.source import SnapshotSource
from kstore.write.compare_and_swap import KeyChange

Serve = Callable[..., Etcd]
Connect = Callable[..., LiveSource]

FIRST, LAST = b"/registry/configmaps/shop/a", b"/registry/configmaps/shop/zz"
"""Keys that the demo has not, before and behind others of it."""


@pytest.fixture(scope="module")
def codec() -> StorageCodec:
    return StorageCodec(Scheme(newest()))


def write(source: SnapshotSource, changes: list[KeyChange], output: Path, codec: StorageCodec) -> Path:
    """Write the changes, with a journal beside the output; the journal."""
    path = output.with_name(output.name + ".journal")
    header = {"store": str(source.path), "output": str(output), "request": {"release": newest().name}}
    writer = JournalWriter(path, header, appears_whole=True)
    try:
        write_changes(source, changes, output, KeyJournal(writer, codec))
    finally:
        writer.close()
    return path


def some_changes(source: SnapshotSource, *, every: int) -> list[KeyChange]:
    """Keys of all kinds deleted and changed, one in so many, and new ones; in no order."""
    records = list(source.scan())
    changes = [KeyChange(one.key, one, None) for one in records[::every]]
    changes += [KeyChange(one.key, one, one.value + b" ", one.lease) for one in records[1::every]]
    changes += [KeyChange(key, None, b"not an object") for key in (LAST, FIRST)]
    return changes[::-1]


def held(before: Path, output: Path, journal: Path, codec: StorageCodec) -> Verified:
    """The output held against the input and the journal."""
    with SnapshotSource(before) as old, SnapshotSource(output) as new:
        return verify_file(Journal(journal), old, new, codec)


@pytest.mark.large
@pytest.mark.etcd
@pytest.mark.parametrize(("every", "from_directory"), [(2, False), (7, True)])
def test_the_output_is_what_an_etcd_would_hold(
    newest_release: EtcdRelease, serve: Serve, connect: Connect, codec: StorageCodec, tmp_path: Path,
    every: int, from_directory: bool,
) -> None:  # fmt: skip
    """The same changes, made by a server and in a file, end in the same revisions, leases and hash."""
    server = serve(newest_release)
    live = connect(server.endpoint)
    lease = int(newest_release.ctl(server.endpoint, "lease", "grant", "3600").split()[1], 16)
    for number in range(60):
        put = Put(b"/registry/events/shop/%03d" % number, b"event %d" % number, 0, lease if number % 3 == 0 else 0)
        assert live.commit([put]).succeeded
    for number in range(0, 60, 5):
        newest_release.ctl(server.endpoint, "del", f"/registry/events/shop/{number:03d}")
    saved = newest_release.save(server.endpoint, tmp_path / "saved.db")
    original = saved.read_bytes()
    directory = newest_release.restore(saved, tmp_path / "copied") / "etcd"
    output = tmp_path / "new.db"
    with SnapshotSource(directory if from_directory else saved) as source:
        changes = some_changes(source, every=every)
        journal = write(source, changes, output, codec)
    assert saved.read_bytes() == original
    assert held(saved, output, journal, codec).findings == []
    for change in sorted(changes, key=lambda one: one.key):
        assert live.commit([change.mutation()]).succeeded
    flags = ["--skip-hash-check"] if from_directory else []  # a database file has no checksum, nor has its copy
    restored = serve(newest_release, newest_release.restore(output, tmp_path / "restored", *flags))
    other = connect(restored.endpoint)
    assert list(other.scan()) == list(live.scan())
    assert hash_of(newest_release, restored) == hash_of(newest_release, server)
    newest_release.ctl(restored.endpoint, "lease", "revoke", f"{lease:x}")
    newest_release.ctl(server.endpoint, "lease", "revoke", f"{lease:x}")
    remaining = list(other.scan())
    assert [one.key for one in remaining] == [one.key for one in live.scan()]
    assert not any(one.lease for one in remaining)


def hash_of(release: EtcdRelease, server: Etcd) -> tuple[int, int]:
    """The server's revision, and the hash of all that it holds up to it."""
    (status,) = json.loads(release.ctl(server.endpoint, "endpoint", "hashkv", "-w", "json"))
    found = status["HashKV"]
    return found["header"]["revision"], found["hash"]


def test_verify_names_what_is_not_as_noted(codec: StorageCodec, tmp_path: Path) -> None:
    """A database that was written on since: keys that came back, went, changed, and that nobody named."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        records = list(source.scan())
        before, output = source.path, tmp_path / "new.db"
        changes = [
            KeyChange(records[5].key, records[5], None),
            KeyChange(records[6].key, records[6], records[7].value, records[6].lease),
            KeyChange(FIRST, None, b"x"),
        ]
        journal = write(source, changes, output, codec)
    assert held(before, output, journal, codec).objects == 3
    with SnapshotSource(output) as source:
        now = {one.key: one for one in source.scan()}
        again = [
            KeyChange(records[5].key, None, records[5].value),
            KeyChange(records[6].key, now[records[6].key], b"other"),
            KeyChange(FIRST, now[FIRST], None),
            KeyChange(records[8].key, now[records[8].key], None),
            KeyChange(LAST, None, b"y"),
        ]
        write(source, again, tmp_path / "newer.db", codec)
    found = held(before, tmp_path / "newer.db", journal, codec)
    keys = {key.decode(): code for key, code in (
        (records[5].key, "not-written"), (records[6].key, "changed"), (FIRST, "deleted"), (records[8].key, "touched"),
        (LAST, "touched"),
    )}  # fmt: skip
    assert {one.key: one.code for one in found.findings} == keys


def test_the_journal_names_the_revision_of_each_key(codec: StorageCodec, tmp_path: Path) -> None:
    """In the order of the keys, however they were given, one revision after the other."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        newest = source.status().revision
        changes = some_changes(source, every=2)
        journal = Journal(write(source, changes, tmp_path / "new.db", codec))
    noted = [
        (entry.key, batch.revision_of(at)) for batch in journal.batches() for at, entry in enumerate(batch.entries)
    ]
    assert noted == [(key, newest + at) for at, key in enumerate(sorted(one.key for one in changes), 1)]
    with SnapshotSource(tmp_path / "new.db") as source:
        made = [(one.record.key, one.record.mod_revision) for one in source.history_scan()]
    assert made[-len(noted) :] == noted


def test_a_key_that_is_not_as_it_was_read(codec: StorageCodec, tmp_path: Path) -> None:
    """Neither output nor journal is left when a change does not fit, or two are of one key."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        record = next(source.scan())
        for changes in (
            [KeyChange(record.key, None, b"x")],
            [KeyChange(record.key, record, None), KeyChange(record.key, record, b"x")],
        ):
            with pytest.raises(Conflict):
                write(source, changes, tmp_path / "new.db", codec)
            assert list(tmp_path.iterdir()) == []


@pytest.mark.etcd
def test_what_has_no_database_to_copy(etcd_server: Etcd, tmp_path: Path) -> None:
    """A running store is changed in place; an export and kine's SQLite are refused, with what to do instead."""
    with open_source(etcd_server.endpoint) as source, pytest.raises(UsageError):
        copyable(source)
    with open_demo() as demo, DirectoryWriter(tmp_path / "export", demo.status(), {}):
        pass
    for path, hint in ((tmp_path / "export", "restore"), (write_state(tmp_path / "state.db"), "kine")):
        with open_source(str(path)) as source, pytest.raises(WriteRefused, match="no etcd database") as refused:
            copyable(source)
        assert hint in refused.value.hint
    with Source() as source, pytest.raises(NotCopyable, match=r"printed: this store \(dump\)") as refused:
        copyable(source)
    assert (refused.value.hint, refused.value.kind) == ("", "dump")


class Source(interface.Source):
    """A store of another kind, which can be changed nowhere else."""

    def status(self) -> interface.StoreStatus:
        return interface.StoreStatus("printed", "dump", 1)

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        return iter(())


def test_the_journal_names_what_each_key_holds(codec: StorageCodec, tmp_path: Path) -> None:
    """What it was and what it becomes, as far as either can be told: the kind is that of what was there."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1beta1", "kind": "Role", "metadata": {"name": "r"}}
    old = json.dumps(role).encode()
    new = json.dumps({**role, "apiVersion": "rbac.authorization.k8s.io/v1"}).encode()
    before = Record(FIRST, old, 3, 4, 2, 5)
    changes = [
        KeyChange(FIRST, before, new, 5),
        KeyChange(FIRST, before, None),
        KeyChange(FIRST, None, new),
        KeyChange(FIRST, before, b"not an object"),
        KeyChange(FIRST, before._replace(value=b"not an object"), new),
        KeyChange(FIRST, None, b"not an object"),
    ]
    path = tmp_path / "keys.journal"
    writer = JournalWriter(path, {})
    KeyJournal(writer, codec).begin(changes)
    writer.close()
    (batch,) = Journal(path).batches()
    beta, stable = "rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1"
    assert [(one.kind, one.stored, one.target) for one in batch.entries] == [
        ("Role", beta, stable),
        ("Role", beta, ""),
        ("Role", "", stable),
        ("Role", beta, ""),
        ("Role", "", stable),
        ("", "", ""),
    ]
    assert [one.deletes for one in batch.entries] == [False, True, False, False, False, False]
    assert [(one.mod_revision, one.lease) for one in batch.entries][:3] == [(4, 5), (4, 0), (0, 0)]
