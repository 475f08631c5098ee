"""
Files made by hand, page by page: how many transactions after that of the meta page make a torn copy.

Copies of a database that an etcd writes to are in `test_torn_copy.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kstore.records import Record
from kstore.source.bbolt.database import Database
from kstore.source.bbolt.format import BUCKET_ELEMENT, BUCKET_HEADER, NO_FREELIST, Meta, meta_page
from kstore.source.bbolt.page_file import PageFile
from kstore.source.bbolt.writer import branch_page, leaf_page
from kstore.source.mvcc.key_value import encode_key_value, revision_key
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.torn_copy import Tear, find_tear

from .by_hand import KEY_PAGE, PAGE, database, root_page

APPLIED, COMPACTED = 90, 1
NEWEST = 4


def entry(revision: int) -> tuple[bytes, bytes]:
    """A key that was put in a revision."""
    return revision_key(revision, 0), encode_key_value(Record(b"/registry/a%d" % revision, b"v", revision, revision, 1))


def progress(applied: int, compacted: int) -> dict[bytes, int]:
    """What the bucket `meta` tells of how far a store has come."""
    return {b"consistent_index": applied, b"finishedCompactRev": compacted}


def tear(path: Path, *left: tuple[int, int]) -> Tear | None:
    """
    What shows that a file is torn that has a page of the next revision, and pages that name the buckets.

    Args:
        left: how far the store had come at each of those.
    """
    newer = leaf_page(4, [(0, *entry(NEWEST + 1))], PAGE)
    roots = [root_page(5 + at, progress(*each)) for at, each in enumerate(left)]
    kept = dict(entry(revision) for revision in range(2, NEWEST + 1))
    file = PageFile.open(database(path, progress(APPLIED, COMPACTED), kept, newer, *roots))
    try:
        found = Database(file)
        return find_tear(found, dict(found.buckets()), COMPACTED, NEWEST)
    finally:
        file.close()


@pytest.mark.parametrize(
    "left",
    [
        [],
        [(APPLIED + 1, COMPACTED)],
        [(APPLIED, COMPACTED), (APPLIED - 1, COMPACTED), (APPLIED + 1, COMPACTED)],
        [(APPLIED + 1, COMPACTED - 1), (APPLIED + 2, COMPACTED - 1), (APPLIED + 3, COMPACTED - 1)],
    ],
    ids=["none", "the next", "the next and former ones", "those of before a restore"],
)
def test_the_next_transaction_is_no_tear(tmp_path: Path, left: list[tuple[int, int]]) -> None:
    """Its meta page was still to come; what is older, or of the time before a restore, does not count."""
    assert tear(tmp_path / "db", *left) is None


@pytest.mark.parametrize("more", [0, 3])
@pytest.mark.parametrize("count", [2, 3])
def test_two_later_transactions_are_a_tear(tmp_path: Path, count: int, more: int) -> None:
    """bbolt had written a meta page between them, and the file has none of it."""
    left = [(APPLIED + 1 + at, COMPACTED + more) for at in range(count)]
    problem = f"page 4 holds revision {NEWEST + 1}, the newest that can be reached is {NEWEST}"
    assert tear(tmp_path / "db", *left) == Tear(4 * PAGE, problem)


def test_the_gaps_of_a_torn_file(tmp_path: Path) -> None:
    """Only what came after the compaction is missing: how much of that, of what is held or not before, is said."""
    kept = dict(entry(revision) for revision in (2, 3, 5, 8))
    path = database(tmp_path / "db", {b"finishedCompactRev": revision_key(3, 0)}, kept)
    with SnapshotSource(path, salvage=True) as source:
        problems = [one.message for one in source.damage]
    assert "3 revisions between 4 and 8 are on no page" in problems


def tombstone(revision: int) -> tuple[bytes, bytes]:
    """A key that was deleted in a revision."""
    return revision_key(revision, 0, tombstone=True), encode_key_value(Record(b"/registry/a", b"", 0, 0, 0))


def look(path: Path, *, compacted: int, newest: int, damage: bool = False) -> str:
    """What is said of a file; empty for nothing."""
    file = PageFile.open(path)
    try:
        found = Database(file, salvage=damage)
        if damage:
            found.fault("something else is damaged", 0, "a part")
        tear = find_tear(found, dict(found.buckets()), compacted, newest)
        return tear.problem if tear else ""
    finally:
        file.close()


@pytest.mark.parametrize("damage", [False, True])
@pytest.mark.parametrize(
    ("kept", "compacted", "problem"),
    [
        ([2, 3, 4], 0, ""),
        ([2, 3, 4], 1, ""),
        ([2, 4], 1, "revision 4 follows on 2: what changed between is missing"),
        ([2, 5], 1, "revision 5 follows on 2: what changed between is missing"),
        ([3, 4], 1, "revision 3 follows on 1: what changed between is missing"),
        ([3, 4], 0, "revision 3 follows on 1: what changed between is missing"),
        ([2, 3, 5, 6], 4, ""),
        ([2, 4, 5, 6], 4, ""),
        ([2, 4, 6], 4, "revision 6 follows on 4: what changed between is missing"),
        ([2, 6], 4, "revision 6 follows on 4: what changed between is missing"),
    ],
)
def test_revisions_that_are_missing(
    tmp_path: Path, kept: list[int], compacted: int, problem: str, damage: bool
) -> None:
    """Each change has the next revision since the compaction; where other damage is known, that is the reason."""
    path = database(tmp_path / "db", progress(APPLIED, compacted), dict(map(entry, kept)))
    assert look(path, compacted=compacted, newest=kept[-1], damage=damage) == ("" if damage else problem)


@pytest.mark.parametrize(
    ("left", "problem"),
    [
        ([entry(4)], "page 4 holds a value of revision 4, which cannot be reached"),
        ([entry(3), entry(4)], "page 4 holds a value of revision 4, which cannot be reached"),
        ([entry(4), entry(5)], "page 4 holds a value of revision 4, which cannot be reached"),
        ([entry(3)], ""),
        ([tombstone(4)], ""),
        ([entry(2), entry(3), tombstone(4)], ""),
    ],
)
def test_what_was_put_in_the_compacted_revision(tmp_path: Path, left: list[tuple[bytes, bytes]], problem: str) -> None:
    """The compaction keeps it; a deletion, and what is older, it takes away."""
    page = leaf_page(4, [(0, *each) for each in left], PAGE)
    path = database(tmp_path / "db", progress(APPLIED, 4), dict(map(entry, [5, 6])), page)
    assert look(path, compacted=4, newest=6) == problem
    path = database(tmp_path / "db", progress(APPLIED, 4), dict(map(entry, [4, 5, 6])), page)
    assert look(path, compacted=4, newest=6) == ""


@pytest.mark.parametrize(
    ("left", "problem"),
    [
        ([entry(5)], ""),
        ([entry(4), entry(5)], ""),
        ([entry(4), entry(5), entry(6)], ""),
        ([entry(6)], "page 4 holds revision 6, the newest that can be reached is 4"),
        ([entry(4), entry(6)], "page 4 holds revision 6, the newest that can be reached is 4"),
        ([entry(5), entry(7)], "page 4 holds revision 7, the newest that can be reached is 4"),
        ([(revision_key(3, 1), entry(3)[1]), entry(5)], "page 4 holds revision 3, which cannot be reached"),
    ],
)
def test_what_comes_after_the_newest(tmp_path: Path, left: list[tuple[bytes, bytes]], problem: str) -> None:
    """The next transaction goes on where the trees end, and holds nothing older that they do not have."""
    page = leaf_page(4, [(0, *each) for each in left], PAGE)
    path = database(tmp_path / "db", progress(APPLIED, 1), dict(map(entry, [2, 3, 4])), page)
    assert look(path, compacted=1, newest=4) == problem


@pytest.mark.parametrize("named", [2, 3])
def test_a_page_that_its_branch_does_not_name(tmp_path: Path, named: int) -> None:
    """It begins with the very key that the branch has for it."""
    pages = [
        *(meta_page(Meta(PAGE, 2, NO_FREELIST, 6, number)) for number in (4, 3)),
        root_page(2, progress(APPLIED, 1)),
        branch_page(KEY_PAGE, [(revision_key(2, 0), 4), (revision_key(named + 1, 0), 5)], PAGE),
        leaf_page(4, [(0, *entry(revision)) for revision in range(2, named + 1)], PAGE),
        leaf_page(5, [(0, *entry(4))], PAGE),
    ]
    if named == 2:
        pages[4] = leaf_page(4, [(0, *entry(2))], PAGE)
        pages[5] = leaf_page(5, [(0, *(revision_key(3, 1), entry(3)[1])), (0, *entry(4))], PAGE)
    (tmp_path / "db").write_bytes(b"".join(pages))
    expected = "page 5 of bucket 'key' is not the one its branch names" if named == 2 else ""
    assert look(tmp_path / "db", compacted=1, newest=4) == expected


@pytest.mark.parametrize("reached", [True, False])
def test_a_value_that_looks_like_a_page(tmp_path: Path, reached: bool) -> None:
    """What an object holds is no page of the file, wherever in the file it comes to lie."""
    inside = leaf_page(4, [(0, *entry(9))], PAGE)
    head = encode_key_value(Record(b"/registry/a2", b"v" * 9000, 2, 2, 1))
    key = revision_key(2, 0)
    whole = bytearray(leaf_page(KEY_PAGE, [(0, key, head)], PAGE))
    whole[PAGE : 2 * PAGE] = inside
    pages = [
        *(meta_page(Meta(PAGE, 2, NO_FREELIST, KEY_PAGE + len(whole) // PAGE, number)) for number in (4, 3)),
        root_page(2, progress(APPLIED, 1)),
        bytes(whole),
    ]
    if not reached:  # the very page, where no tree reaches it
        pages[3] = (leaf_page(KEY_PAGE, [(0, *entry(2))], PAGE) + inside).ljust(len(whole), b"\0")
    (tmp_path / "db").write_bytes(b"".join(pages))
    found = look(tmp_path / "db", compacted=1, newest=2)
    assert found == ("" if reached else "page 4 holds revision 9, the newest that can be reached is 2")


@pytest.mark.parametrize("flags", [0, BUCKET_ELEMENT])
def test_pages_of_other_buckets(tmp_path: Path, flags: int) -> None:
    """Pages that no tree reaches and that hold no revisions tell nothing, whatever their keys are."""
    others = [(flags, b"b" * 17, BUCKET_HEADER.pack(9, 0)), (flags, b"c" * 17, BUCKET_HEADER.pack(9, 0))]
    page = leaf_page(4, others, PAGE)
    path = database(tmp_path / "db", progress(APPLIED, 1), dict(map(entry, [2, 3])), page)
    assert look(path, compacted=1, newest=3) == ""
