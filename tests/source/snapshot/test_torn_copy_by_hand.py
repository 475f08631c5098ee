"""
Files made by hand, page by page: how many transactions after that of the meta page make a torn copy.

Copies of a database that an etcd writes to are in `test_torn_copy.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kstore.records import Record
from kstore.source.bbolt.database import Database
from kstore.source.bbolt.page_file import PageFile
from kstore.source.bbolt.writer import leaf_page
from kstore.source.mvcc.key_value import encode_key_value, revision_key
from kstore.source.snapshot.torn_copy import Tear, find_tear

from .by_hand import PAGE, database, root_page

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
