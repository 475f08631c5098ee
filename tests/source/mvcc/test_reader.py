"""Revision keys and KeyValues: read and written as etcd does, and refused when they are not what they must be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.source.snapshot.by_hand import PAGE, database

from kstore.errors import Compacted, DamagedStore, FutureRevision
from kstore.records import Put, Record
from kstore.sorted_keys import SortedKeys
from kstore.source.bbolt.database import Database
from kstore.source.bbolt.page_file import PageFile
from kstore.source.bbolt.writer import leaf_page
from kstore.source.etcd.messages import KeyValue
from kstore.source.location.demo import open_demo
from kstore.source.mvcc.cluster_state import ClusterState
from kstore.source.mvcc.key_value import encode_key_value, parse_key_value, parse_revision_key, revision_key
from kstore.source.mvcc.page_scan import ScannedPages
from kstore.source.mvcc.reader import Mvcc
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import write_database

NUMBERS = st.integers(0, (1 << 63) - 1)
RECORDS = st.builds(
    Record,
    key=st.binary(max_size=300),
    value=st.binary(max_size=600),
    create_revision=NUMBERS,
    mod_revision=NUMBERS,
    version=NUMBERS,
    lease=st.integers(-(1 << 63), (1 << 63) - 1),
)


@pytest.fixture
def mvcc() -> Iterator[Mvcc]:
    """The demo store's revisions."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        yield source.mvcc


@given(RECORDS)
def test_a_key_value_and_back(record: Record) -> None:
    """Any record is written as the protobuf runtime writes it, and read back."""
    data = encode_key_value(record)
    message = KeyValue(
        key=record.key,
        create_revision=record.create_revision,
        mod_revision=record.mod_revision,
        version=record.version,
        value=record.value,
        lease=record.lease,
    )
    assert KeyValue.FromString(data) == message
    assert parse_key_value(data) == record
    assert parse_key_value(message.SerializeToString()) == record


@given(RECORDS, st.integers(0, 300))
@example(Record(b"/registry/a", b"v" * 500, 1, 2, 3, 7), 0)
@example(Record(b"/registry/a", b"v" * 500, 1, 2, 3, -1), 300)
def test_only_what_stands_around_the_value(record: Record, head: int) -> None:
    """Without the value, its beginning and what comes after it are all that is read of an entry."""
    data = encode_key_value(record)
    head = min(len(data), len(record.key) + 64 + head)
    asked = []

    def rest(position: int) -> bytes:
        asked.append(position)
        return data[position:]

    found = parse_key_value(data[:head], keys_only=True, size=len(data), rest=rest)
    assert found == Record(record.key, b"", record.create_revision, record.mod_revision, record.version, record.lease)
    assert len(asked) <= 1


@given(st.binary(max_size=60))
@example(b"\x00\x00")
@example(b"\x02\x00")
def test_what_is_no_key_value(data: bytes) -> None:
    """Bytes that are no KeyValue are an error of two kinds only, never a wrong end or a hang."""
    try:
        parse_key_value(data)
    except (ValueError, IndexError):
        return
    KeyValue.FromString(data)


def test_revision_keys_are_in_order() -> None:
    """The bytes of a revision order as its numbers do, tombstones after the put of the same number."""
    keys = [
        revision_key(1, 0),
        revision_key(1, 1),
        revision_key(1, 1, tombstone=True),
        revision_key(2, 0),
        revision_key(255, 0),
        revision_key(256, 0),
        revision_key(1 << 40, 3),
    ]
    assert keys == sorted(keys)
    assert {len(key) for key in keys} == {17, 18}


def test_one_key_alone(mvcc: Mvcc) -> None:
    """The changes of one key are those among all changes that are of this key."""
    every = list(mvcc.entries())
    assert [(entry.main, entry.sub) for entry in every] == sorted((entry.main, entry.sub) for entry in every)
    for key in {entry.key for entry in every[::7]}:
        assert list(mvcc.entries(only=key)) == [entry for entry in every if entry.key == key]


@pytest.mark.parametrize("at_once", [5, 1 << 16])
@pytest.mark.parametrize("back", [0, 1, 7, 40])
def test_what_a_compaction_leaves(mvcc: Mvcc, back: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The newest change of each key that was live then, that of the very revision among them, and all after it: for more
    keys than are sorted in memory, and of one key alone.
    """
    monkeypatch.setattr(SortedKeys.__init__, "__defaults__", (at_once,))
    every = list(mvcc.entries())
    compacted = mvcc.current_revision - back
    mvcc.compact(compacted)
    live = {entry.key: entry for entry in every if entry.main <= compacted}
    kept = [entry for entry in live.values() if not entry.tombstone]
    later = [entry for entry in every if entry.main > compacted]
    expected = sorted(kept, key=lambda entry: (entry.main, entry.key)) + later
    assert list(mvcc.retained()) == expected
    assert list(mvcc.retained()) == expected  # with the view that the first pass has left
    for key in [entry.key for entry in expected][::5]:
        assert list(mvcc.retained(key)) == [entry for entry in expected if entry.key == key]


def test_a_compaction_at_a_deletion(mvcc: Mvcc) -> None:
    """The deletion leaves nothing of its key, itself included, though it is of the compaction's own revision."""
    deletion = next(entry for entry in mvcc.entries() if entry.tombstone)
    mvcc.compact(deletion.main)
    kept = list(mvcc.retained())
    assert deletion not in kept
    assert all(entry.main > deletion.main for entry in kept if entry.key == deletion.key)
    assert deletion not in list(mvcc.retained(deletion.key))


def test_which_revisions_can_be_looked_at(mvcc: Mvcc) -> None:
    """From the compacted one to the newest, both included."""
    newest = mvcc.current_revision
    mvcc.compact(newest - 5)
    assert [mvcc.check_revision(one) for one in (0, newest, newest - 1, newest - 5)] == [
        newest, newest, newest - 1, newest - 5,
    ]  # fmt: skip
    with pytest.raises(Compacted):
        mvcc.check_revision(newest - 6)
    for revision in (newest + 1, -1):
        with pytest.raises((FutureRevision, Compacted)):
            mvcc.check_revision(revision)


def test_pages_without_their_tree(tmp_path: Path) -> None:
    """A revision that several pages hold, as the tree's edge before and after a write, is read once, in its place."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        write_database(source, [Put(b"/registry/new", b"v", 0)], tmp_path / "written.db")
    with SnapshotSource(tmp_path / "written.db") as source:
        bucket = source.mvcc.buckets[b"key"]
        wanted = [element.key for leaf in bucket.leaves() for element in leaf.elements]
        pages = ScannedPages(source.database)
        assert any(one.last >= two.first for one, two in pairwise(pages.pages))
        assert [element.key for leaf in pages.leaves() for element in leaf.elements] == wanted


@pytest.mark.parametrize(
    ("state", "voters"),
    [({}, {0xA, 0xB}), ({b"confState": b'{"voters":[12]}'}, {12}), ({b"confState": b"{}"}, {0xA, 0xB})],
)
def test_who_votes(state: dict[bytes, bytes], voters: set[int]) -> None:
    """The members but for learners, where the database does not say it in one place."""
    buckets = {
        b"meta": state,
        b"members": {b"a": b'{"name":"x"}', b"b": b'{"isLearner":false}', b"c": b'{"isLearner":true}'},
    }
    assert ClusterState(lambda name: iter(buckets.get(name, {}).items())).voters() == voters


def test_changes_on_top(mvcc: Mvcc) -> None:
    """What is put on top of the file counts as what the file holds does, also as of a revision."""
    before = [place.key for place in mvcc.view().places(mvcc.view().span())]
    key, revision = before[0], mvcc.current_revision
    record = Record(key, b"new", 1, revision + 1, 9)
    mvcc.append(revision + 1, 0, record, key)
    mvcc.append(revision + 2, 0, None, before[1])
    view = mvcc.view()
    assert mvcc.current_revision == revision + 2
    assert [place.key for place in view.places(view.span())] == [key, *before[2:]]
    assert mvcc.record(*view[0]) == record
    earlier = mvcc.view(revision)
    assert [place.key for place in earlier.places(earlier.span())] == before
    assert mvcc.find(before[1], revision + 2) is None


def test_long_keys(tmp_path: Path) -> None:
    """Keys of 127 bytes, 128 and more, whose length takes two bytes, are found like others."""
    keys = [b"/" + b"k" * size for size in (126, 127, 128, 300, 20_000)]
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        write_database(source, [Put(key, b"v", 0) for key in keys], tmp_path / "written.db")
    with SnapshotSource(tmp_path / "written.db") as source:
        assert [record.key for record in source.scan(b"/k")] == keys
    for key in keys:
        with SnapshotSource(tmp_path / "written.db") as source:
            record = source.get(key)
            assert record
            assert record.value == b"v"


@pytest.mark.parametrize(("finished", "scheduled"), [(0, 5), (5, 7), (7, 0), (0, 0), (9999, 0)])
def test_a_compaction_that_was_scheduled(finished: int, scheduled: int) -> None:
    """It is in force, done or not: the server that starts on the file goes on with it."""

    class Compacting(Mvcc):
        def bucket_items(self, name: bytes) -> Iterator[tuple[bytes, bytes]]:
            if name != b"meta":
                yield from super().bucket_items(name)
                return
            for word, revision in ((b"finishedCompactRev", finished), (b"scheduledCompactRev", scheduled)):
                if revision:
                    yield word, revision_key(revision, 0)

    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        newest = source.mvcc.current_revision
        found = Compacting(source.mvcc.database)
        assert found.compact_revision == max(finished, scheduled)
        assert found.current_revision == max(newest, finished)


def test_a_scan_goes_on_from_a_key() -> None:
    """From `start` on, which may be a key, the first behind one, or outside of the prefix."""
    with open_demo() as source:
        keys = [record.key for record in source.scan()]
        prefix = keys[len(keys) // 2].rpartition(b"/")[0]
        for start in (b"", keys[0], prefix, *keys[::5], keys[3] + b"\0", b"\xff"):
            expected = [key for key in keys if key.startswith(prefix) and key >= start]
            assert [record.key for record in source.scan(prefix, start=start)] == expected


# ---- databases made by hand


def put(key: bytes, main: int, sub: int = 0, *, created: int = 0, version: int = 1) -> tuple[bytes, bytes]:
    """The entry of a value."""
    return revision_key(main, sub), encode_key_value(Record(key, b"v", created or main, main, version))


@contextmanager
def made(path: Path, *entries: tuple[bytes, bytes], salvage: bool = False) -> Iterator[Mvcc]:
    """A store of these entries."""
    file = PageFile.open(database(path, {}, dict(entries)))
    try:
        yield Mvcc(Database(file, salvage=salvage))
    finally:
        file.close()


def live(mvcc: Mvcc, revision: int = 0) -> list[bytes]:
    """The keys of a revision."""
    view = mvcc.view(revision)
    return [place.key for place in view.places(view.span())]


def test_changes_of_one_transaction(tmp_path: Path) -> None:
    """All of them are of its revision, and none of the next one's."""
    changes = [put(b"a", 2), put(b"b", 2, 1), put(b"c", 2, 2), put(b"d", 3), put(b"e", 3, 1)]
    with made(tmp_path / "db", *changes) as mvcc:
        assert live(mvcc, 2) == [b"a", b"b", b"c"]
        assert live(mvcc, 3) == live(mvcc) == [b"a", b"b", b"c", b"d", b"e"]
        found = mvcc.find(b"c", 2)
        assert found is not None
        assert (found.main, found.sub) == (2, 2)
        assert mvcc.find(b"e", 2) is None


def test_an_entry_that_changes_no_key(tmp_path: Path) -> None:
    """What a restore with a bumped revision puts there counts as a revision, and as nothing else."""
    with made(tmp_path / "db", put(b"a", 2), (revision_key(1000, 0), b"")) as mvcc:
        assert (live(mvcc), mvcc.current_revision) == ([b"a"], 1000)
        assert [entry.key for entry in mvcc.entries()] == [b"a"]


@pytest.mark.parametrize(
    "entry",
    [
        (revision_key(3, 0)[:17] + b"x", encode_key_value(Record(b"b", b"", 0, 0, 0))),
        (revision_key(3, 0)[:8] + b"-" + revision_key(3, 0)[9:], put(b"b", 3)[1]),
        (revision_key(3, 0) + b"tt", put(b"b", 3)[1]),
        (revision_key(3, 0), b"\x12\x01b"),
        (revision_key(3, 0), b"\n\x05b"),
    ],
)
def test_an_entry_that_is_no_change(tmp_path: Path, entry: tuple[bytes, bytes]) -> None:
    """A key of another shape, or a value without a key: told, and gone round when salvaging."""
    with made(tmp_path / "db", put(b"a", 2), entry) as mvcc, pytest.raises(DamagedStore, match="no change of a key"):
        list(mvcc.entries())
    with made(tmp_path / "db", put(b"a", 2), entry, salvage=True) as mvcc:
        assert [one.key for one in mvcc.entries()] == [b"a"]
        assert [one.lost for one in mvcc.database.damage] == ["one change of one key"]


@pytest.mark.parametrize(
    ("created", "version", "good"), [(3, 1, True), (2, 2, True), (4, 1, False), (0, 1, True), (3, 0, False)]
)
def test_a_value_whose_revisions_do_not_go_together(tmp_path: Path, created: int, version: int, good: bool) -> None:
    """No key was created after its last change, or has no version."""
    with made(tmp_path / "db", put(b"a", 3, created=created, version=version)) as mvcc:
        key, offset, size = mvcc.view()[0]
        if good:
            assert mvcc.record(key, offset, size) == Record(b"a", b"v", created or 3, 3, version)
            return
        with pytest.raises(DamagedStore, match="do not hold together"):
            mvcc.record(key, offset, size)


def test_a_value_of_another_key(tmp_path: Path) -> None:
    """It is not taken for that of the key that was looked for."""
    with made(tmp_path / "db", put(b"a", 2), put(b"b", 3)) as mvcc:
        _, offset, size = mvcc.view()[1]
        assert mvcc.record(b"b", offset, size) is not None
        with pytest.raises(DamagedStore):
            mvcc.record(b"a", offset, size)


def test_two_changes_on_top_of_one_revision(tmp_path: Path) -> None:
    """A view that was made between them does not stay."""
    with made(tmp_path / "db", put(b"a", 2)) as mvcc:
        for sub, key in enumerate((b"b", b"c")):
            mvcc.append(3, sub, Record(key, b"v", 3, 3, 1), key)
            assert live(mvcc)[-1] == key


def test_the_newest_of_pages_that_overlap(tmp_path: Path) -> None:
    """It is not in the page that begins last, if another one ends later."""
    old = leaf_page(4, [(0, *put(b"a", main)) for main in range(2, 9)], PAGE)
    new = leaf_page(5, [(0, *put(b"a", main)) for main in (5, 6)], PAGE)
    other = leaf_page(6, [(0, b"x" * 17, b"no revision")], PAGE)
    path = database(tmp_path / "db", {}, dict([put(b"a", 2)]), old, new, other)
    file = PageFile.open(path)
    pages = ScannedPages(Database(file))
    last = pages.last_leaf()
    assert last is not None
    assert last.elements[-1].key == revision_key(8, 0)
    assert [element.key for leaf in pages.leaves() for element in leaf.elements] == [
        revision_key(main, 0) for main in range(2, 9)
    ]
    file.close()


@pytest.mark.parametrize(
    ("key", "revision"),
    [
        (revision_key(5, 7), (5, 7)),
        (revision_key(5, 7, tombstone=True), (5, 7)),
        (revision_key(5, 7)[:16], None),
        (revision_key(5, 7) + b"tt", None),
        (revision_key(5, 7).replace(b"_", b"-"), None),
    ],
)
def test_what_is_a_revision_key(key: bytes, revision: tuple[int, int] | None) -> None:
    """By its length and the underscore in its middle."""
    assert parse_revision_key(key) == revision


@pytest.mark.parametrize("tag", [0x38, 0x40, 0x78])
def test_fields_of_later_releases(tag: int) -> None:
    """A number that is not known is passed over."""
    record = Record(b"a", b"v", 2, 3, 1, 7)
    assert parse_key_value(encode_key_value(record) + bytes([tag, 99])) == record


def test_a_negative_revision_behind_all_others(tmp_path: Path) -> None:
    """A damaged one, which stands behind the compaction's in the bucket and has a smaller number: it is told, too."""
    value = put(b"/a", 3)[1]
    damaged = b"\xff" * 8 + b"_" + bytes(8)
    with made(tmp_path / "db", put(b"/a", 2), put(b"/a", 3), put(b"/b", 4), (damaged, value)) as mvcc:
        mvcc.compact(3)
        assert [(entry.main, entry.key) for entry in mvcc.retained()] == [(3, b"/a"), (4, b"/b"), (-1, b"/a")]
