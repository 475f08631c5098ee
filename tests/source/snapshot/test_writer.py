"""Changes to a database file: what etcd says to the result, and what is refused."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.source.etcd_releases import EtcdRelease
from tools.cluster import Etcd

from kstore.errors import Conflict, DamagedStore, SourceError, Unsupported, WriteRefused
from kstore.records import Delete, Mutation, Put, Record
from kstore.sorted_keys import SortedKeys
from kstore.source.bbolt.format import meta_page
from kstore.source.etcd.live import LiveSource
from kstore.source.location.demo import open_demo
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import write_database

Serve = Callable[..., Etcd]
Connect = Callable[..., LiveSource]


@pytest.fixture
def demo() -> Iterator[SnapshotSource]:
    """The demo store."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        yield source


def expected(source: SnapshotSource, mutations: list[Mutation]) -> dict[bytes, Record]:
    """The records after the mutations, worked out from the rules for revisions and versions."""
    records = {record.key: record for record in source.scan()}
    revision = source.status().revision
    for mutation in mutations:
        revision += 1
        old = records.pop(mutation.key, None)
        if isinstance(mutation, Put):
            created, version = (old.create_revision, old.version + 1) if old else (revision, 1)
            records[mutation.key] = Record(mutation.key, mutation.value, created, revision, version, mutation.lease)
    return records


def some_mutations(source: SnapshotSource, new: int = 3000) -> list[Mutation]:
    """A third of the keys changed, a third deleted, the rest left; new keys, among them a value of many pages."""
    mutations: list[Mutation] = []
    for number, record in enumerate(source.scan()):
        if number % 3 == 0:
            mutations.append(Put(record.key, record.value + b"changed", record.mod_revision, record.lease))
        elif number % 3 == 1:
            mutations.append(Delete(record.key, record.mod_revision))
    mutations += [Put(b"/registry/new/%06d" % number, b"x" * (number % 900), 0) for number in range(new)]
    return [*mutations, Put(b"/registry/new/large", bytes(range(256)) * 4000, 0), Put(b"/registry/new/empty", b"", 0)]


@pytest.mark.large
@pytest.mark.etcd
def test_etcd_accepts_and_serves_the_output(
    etcd_release: EtcdRelease, serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """A snapshot of each release, written on, passes that release's own check and restore, and is served as planned."""
    server = serve(etcd_release)
    live = connect(server.endpoint)
    for number in range(40):
        assert live.commit(
            [Put(b"/registry/a/%03d" % each, b"v%d" % number, 0) for each in range(number * 3, number * 3 + 3)]
        )
    lease = int(etcd_release.ctl(server.endpoint, "lease", "grant", "3600").split()[1], 16)
    live.commit([Put(b"/registry/leased", b"event", 0, lease), Put(b"/registry/zoo", b"z", 0)])
    snapshot = etcd_release.save(server.endpoint, tmp_path / "saved.db")
    before = snapshot.read_bytes()
    output = tmp_path / "written.db"
    with SnapshotSource(snapshot) as source:
        mutations = some_mutations(source)
        mutations.append(Put(b"/registry/also-leased", b"", 0, lease))
        records = expected(source, mutations)
        revision = source.status().revision
        written = write_database(source, iter(mutations), output)
    assert written.revision == revision + len(mutations)
    assert snapshot.read_bytes() == before
    status = etcd_release.status(output)
    assert status["revision"] == written.revision
    restored = connect(serve(etcd_release, etcd_release.restore(output, tmp_path / "restored")).endpoint)
    assert {record.key: record for record in restored.scan()} == records
    assert {record.key: record for record in SnapshotSource(output).scan()} == records
    assert restored.status().revision == written.revision
    as_it_was = {record.key: record for record in SnapshotSource(snapshot).scan()}
    assert {record.key: record for record in restored.scan(revision=revision)} == as_it_was
    # and it goes on from there
    done = restored.commit([Put(b"/registry/next", b"1", 0)])
    assert (done.succeeded, done.revision) == (True, written.revision + 1)


@pytest.mark.large
@pytest.mark.etcd
def test_etcd_can_compact_and_defragment_the_output(
    newest_release: EtcdRelease, serve: Serve, connect: Connect, demo: SnapshotSource, tmp_path: Path
) -> None:
    """The new pages are pages like any other: a server takes entries out of them, writes them anew and defragments."""
    mutations = some_mutations(demo)
    records = expected(demo, mutations)
    written = write_database(demo, mutations, tmp_path / "written.db")
    server = serve(newest_release, newest_release.restore(tmp_path / "written.db", tmp_path / "restored"))
    live = connect(server.endpoint)
    newest_release.ctl(server.endpoint, "compact", str(written.revision), "--physical")
    assert {record.key: record for record in live.scan()} == records
    newest_release.ctl(server.endpoint, "del", "--prefix", "/registry/new/0")
    revision = live.status().revision
    newest_release.ctl(server.endpoint, "compact", str(revision), "--physical")
    newest_release.ctl(server.endpoint, "defrag")
    kept = {key: record for key, record in records.items() if not key.startswith(b"/registry/new/0")}
    assert {record.key: record for record in live.scan()} == kept
    saved = newest_release.save(server.endpoint, tmp_path / "again.db")
    assert {record.key: record for record in SnapshotSource(saved).scan()} == kept


def test_the_checksum_is_right(demo: SnapshotSource, tmp_path: Path) -> None:
    """A snapshot's output ends with the SHA-256 of all before it."""
    written = write_database(demo, some_mutations(demo, 10), tmp_path / "written.db")
    data = (tmp_path / "written.db").read_bytes()
    assert hashlib.sha256(data[:-32]).digest() == data[-32:] == bytes.fromhex(written.sha256)
    assert written.size == len(data)


def test_a_database_without_checksum_stays_one(demo: SnapshotSource, tmp_path: Path) -> None:
    """What had no checksum, as `member/snap/db` has none, gets none."""
    plain = tmp_path / "db"
    plain.write_bytes(demo.database_path.read_bytes()[:-32])
    with SnapshotSource(plain) as source:
        mutations = some_mutations(source, 10)
        written = write_database(source, mutations, tmp_path / "written.db")
        assert written.sha256 == ""
        assert written.size % source.database.page_size == 0
        with SnapshotSource(tmp_path / "written.db") as result:
            assert result.status().kind == "database"
            assert {record.key: record for record in result.scan()} == expected(source, mutations)


def test_a_database_that_is_written_to_meanwhile(demo: SnapshotSource, tmp_path: Path) -> None:
    """An etcd that was started on the input while it was copied is noticed, and there is no output."""
    plain, output = tmp_path / "db", tmp_path / "written.db"
    plain.write_bytes(demo.database_path.read_bytes()[:-32])

    def mutations(source: SnapshotSource) -> Iterator[Mutation]:
        yield Put(b"/registry/new", b"x", 0)
        later = replace(source.database.meta, transaction=source.database.meta.transaction + 1)
        with plain.open("r+b") as file:
            file.seek(later.transaction % 2 * later.page_size)
            file.write(meta_page(later))

    with SnapshotSource(plain) as source, pytest.raises(SourceError, match="written to while it was read"):
        write_database(source, mutations(source), output)
    assert not list(tmp_path.glob("*written*"))


def test_no_mutations_give_a_copy(demo: SnapshotSource, tmp_path: Path) -> None:
    """Without mutations the output is the input, byte for byte."""
    written = write_database(demo, [], tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_bytes() == demo.database_path.read_bytes()
    assert (written.revision, written.puts, written.deletes) == (demo.status().revision, 0, 0)


def test_it_can_be_done_again_and_again(demo: SnapshotSource, tmp_path: Path) -> None:
    """Twenty rounds on top of one another end with what each did, and with all of the history."""
    path = demo.database_path
    for number in range(20):
        with SnapshotSource(path) as source:
            record = source.get(b"/registry/round")
            puts = [Put(b"/registry/round", b"%d" % number, record.mod_revision if record else 0)]
            puts += [Put(b"/registry/round-%d/%d" % (number, each), b"y" * 500, 0) for each in range(number * 7)]
            path = tmp_path / f"{number}.db"
            write_database(source, puts, path)
    with SnapshotSource(path) as source:
        record = source.get(b"/registry/round")
        assert record is not None
        assert (record.value, record.version) == (b"19", 20)
        assert [each.record.value for each in source.history(b"/registry/round")] == [b"%d" % n for n in range(20)]
        assert source.count(b"/registry/round-") == sum(number * 7 for number in range(20))


def test_history_stays(demo: SnapshotSource, tmp_path: Path) -> None:
    """The store as of the input's revision is in the output as it was, and a deletion leaves a tombstone."""
    before = list(demo.scan())
    write_database(demo, [Delete(before[0].key, before[0].mod_revision)], tmp_path / "written.db")
    with SnapshotSource(tmp_path / "written.db") as source:
        assert list(source.scan(revision=demo.status().revision)) == before
        assert list(source.scan()) == before[1:]
        assert list(source.history(before[0].key))[-1].deleted


@pytest.mark.parametrize(
    ("mutations", "found"),
    [
        ([Put(b"/registry/none", b"", 7)], "is not in the store, expected was revision 7"),
        ([Delete(b"/registry/none", 7)], "is not in the store, expected was revision 7"),
        ([Delete(b"/registry/none", 0)], "is not in the store"),
        ([Put(b"/registry/new", b"", 0), Put(b"/registry/new", b"", 316)], "changed twice"),
        ([Put(b"/registry/new", b"", 0), Delete(b"/registry/new", 316)], "changed twice"),
    ],
)
def test_a_conflict_stops_the_whole(
    demo: SnapshotSource, tmp_path: Path, mutations: list[Mutation], found: str
) -> None:
    """A key that is not as expected, or comes twice, is a conflict that names it, and no file is left behind."""
    with pytest.raises(Conflict, match=found) as caught:
        write_database(demo, mutations, tmp_path / "written.db")
    assert caught.value.where == mutations[0].key.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_created_twice_among_many(
    demo: SnapshotSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noticed in the end where more keys are created than are sorted in memory."""
    monkeypatch.setattr(SortedKeys.__init__, "__defaults__", (2,))
    puts = [Put(b"/registry/new-%d" % number, b"", 0) for number in range(5)]
    with pytest.raises(Conflict, match="changed twice"):
        write_database(demo, [*puts, puts[0]], tmp_path / "twice.db")
    assert not list(tmp_path.iterdir())
    write_database(demo, puts, tmp_path / "once.db")
    with SnapshotSource(tmp_path / "once.db") as source:
        assert source.count(b"/registry/new-") == 5


def test_a_key_that_moved_is_a_conflict(demo: SnapshotSource, tmp_path: Path) -> None:
    """Creating a key that is there, or changing it at another revision than its own, is a conflict."""
    record = next(demo.scan())
    for revision in (0, record.mod_revision - 1, record.mod_revision + 1):
        with pytest.raises(Conflict, match=f"is at revision {record.mod_revision}"):
            write_database(demo, [Put(record.key, b"", revision)], tmp_path / "written.db")
    assert list(tmp_path.iterdir()) == []


def test_a_lease_must_be_there(demo: SnapshotSource, tmp_path: Path) -> None:
    """A lease that the store does not have is refused, as a server refuses it."""
    with pytest.raises(SourceError, match="no lease 7b"):
        write_database(demo, [Put(b"/registry/new", b"", 0, 123)], tmp_path / "written.db")
    without = next(record for record in demo.scan() if not record.lease)
    with pytest.raises(SourceError, match="no lease 7b"):
        write_database(demo, [Put(without.key, b"", without.mod_revision, 123)], tmp_path / "written.db")


def test_a_lease_that_has_gone_stays_the_keys_own(demo: SnapshotSource, tmp_path: Path) -> None:
    """What the key has already is no new lease: the value alone is changed."""
    leased = next(record for record in demo.scan() if record.lease)
    demo.mvcc.cluster.granted.clear()
    write_database(demo, [Put(leased.key, b"x", leased.mod_revision, leased.lease)], tmp_path / "written.db")
    with SnapshotSource(tmp_path / "written.db") as written:
        found = written.get(leased.key)
        assert found is not None
        assert (found.value, found.lease) == (b"x", leased.lease)


def test_no_file_is_replaced(demo: SnapshotSource, tmp_path: Path) -> None:
    """A file that is there stays, unless told otherwise; the input stays in any case, under any of its names."""
    there = tmp_path / "there.db"
    there.write_bytes(b"mine")
    with pytest.raises(WriteRefused, match="already exists"):
        write_database(demo, [], there)
    assert there.read_bytes() == b"mine"
    write_database(demo, [], there, overwrite=True)
    link = tmp_path / "link.db"
    link.symlink_to(demo.database_path)
    with pytest.raises(WriteRefused, match="never changed"):
        write_database(demo, [], link, overwrite=True)


def test_the_output_is_private(demo: SnapshotSource, tmp_path: Path) -> None:
    """A store holds secrets: the file can be read by its owner only."""
    write_database(demo, [], tmp_path / "written.db")
    assert (tmp_path / "written.db").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there(demo: SnapshotSource, tmp_path: Path) -> None:
    """An output that cannot be made is an error of ours, which names it."""
    with pytest.raises(SourceError, match="cannot be written"):
        write_database(demo, [], tmp_path / "none" / "written.db")


def test_a_failing_plan_leaves_nothing(demo: SnapshotSource, tmp_path: Path) -> None:
    """When the mutations themselves fail half way, no file is left behind."""

    def plan() -> Iterator[Mutation]:
        yield Put(b"/registry/new", b"", 0)
        raise KeyError("half way")

    with pytest.raises(KeyError):
        write_database(demo, plan(), tmp_path / "written.db")
    assert list(tmp_path.iterdir()) == []


def test_all_is_on_the_disk_before_the_journal_counts(
    demo: SnapshotSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal is published when the database is about to get its name: by then every byte of it is synced."""
    synced: list[int] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        real(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", note)
    told: list[bool] = []
    output = tmp_path / "new.db"
    written = write_database(
        demo, some_mutations(demo, 10), output, before_named=lambda made: told.append(synced == [made.size])
    )
    assert told == [True]
    assert output.stat().st_size == written.size


@pytest.mark.parametrize("second", [Put, Delete])
def test_a_key_that_is_there_changed_twice(
    demo: SnapshotSource, tmp_path: Path, second: type[Put] | type[Delete]
) -> None:
    """The second change would not depend on what the first has left: it is a conflict, and no file is left behind."""
    record = next(demo.scan())
    again = Put(record.key, b"y", record.mod_revision) if second is Put else Delete(record.key, record.mod_revision)
    with pytest.raises(Conflict, match="changed twice"):
        write_database(demo, [Put(record.key, b"x", record.mod_revision), again], tmp_path / "written.db")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_of_what_is_damaged(demo: SnapshotSource, tmp_path: Path) -> None:
    """A snapshot that is not as it was saved is refused before anything is planned; so is one that salvage reads."""
    data = bytearray(demo.database_path.read_bytes())
    data[-100] ^= 1
    path = tmp_path / "damaged.db"
    path.write_bytes(data)

    def mutations() -> Iterator[Mutation]:
        raise AssertionError("nothing is to be planned")
        yield

    for salvage in (False, True):
        with SnapshotSource(path, salvage=salvage) as source, pytest.raises(DamagedStore):
            write_database(source, mutations(), tmp_path / "written.db")
    assert list(tmp_path.iterdir()) == [path]


def test_changes_of_a_log_are_not_left_out(demo: SnapshotSource, tmp_path: Path) -> None:
    """What is only in the write-ahead log would be missing in the output: refused."""
    demo.replayed = 1
    with pytest.raises(Unsupported, match="write-ahead log"):
        write_database(demo, [], tmp_path / "written.db")
    assert list(tmp_path.iterdir()) == []


def test_a_key_without_a_name(demo: SnapshotSource, tmp_path: Path) -> None:
    """No etcd has one."""
    with pytest.raises(SourceError, match="must not be empty"):
        write_database(demo, [Put(b"", b"x", 0)], tmp_path / "written.db")
    assert list(tmp_path.iterdir()) == []
