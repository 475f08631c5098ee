"""
When what is stored now is what a write of unknown end was to leave, and what undoes a change.
"""

from __future__ import annotations

import pytest

from kstore.records import Delete, Put, Record
from kstore.source.etcd.live import transaction
from kstore.write.compare_and_swap import KeyChange, is_written, request_size

KEY = b"/registry/a"


def record(value: bytes, revision: int, lease: int = 0) -> Record:
    """What is stored at a revision."""
    return Record(KEY, value, 1, revision, 1, lease)


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        (record(b"new", 8), True),
        (record(b"new", 7), False),  # it was so before, and is not written by anybody
        (record(b"new", 6), False),
        (record(b"other", 8), False),
        (Record(KEY, b"new", 7, 8, 2), True),
        (Record(KEY, b"new", 8, 8, 1), False),  # the key was deleted, and somebody has created it anew
        (Record(KEY, b"new", 8, 9, 2), False),
        (None, False),
    ],
)
def test_a_put_of_unknown_end(stored: Record | None, written: bool) -> None:
    """Its value at a later revision than it depends on, and nothing else."""
    assert is_written(Put(KEY, b"new", 7), stored) is written


def test_a_creation_of_unknown_end() -> None:
    """It depends on no key."""
    assert is_written(Put(KEY, b"new", 0), Record(KEY, b"new", 8, 8, 1))
    assert not is_written(Put(KEY, b"new", 0), Record(KEY, b"other", 8, 8, 1))


@pytest.mark.parametrize(("stored", "written"), [(None, True), (record(b"old", 7), False), (record(b"new", 8), False)])
def test_a_deletion_of_unknown_end(stored: Record | None, written: bool) -> None:
    """The key is gone."""
    assert is_written(Delete(KEY, 7), stored) is written


def test_a_change_depends_on_what_was_read_and_keeps_its_lease() -> None:
    """The write names the revision that it replaces, and the lease that the key has."""
    change = KeyChange(KEY, record(b"old", 7, 5), b"new", 5)
    assert change.mutation() == Put(KEY, b"new", 7, 5)
    assert KeyChange(KEY, None, b"new").mutation() == Put(KEY, b"new", 0)
    assert KeyChange(KEY, record(b"old", 7), None).mutation() == Delete(KEY, 7)


@pytest.mark.parametrize("size", [1, 100, 1000, 60_000])
def test_a_request_is_no_larger_than_is_reckoned(size: int) -> None:
    """A key stands in it twice, where it is compared and where it is written."""
    for mutation in (Put(b"k" * size, b"v" * 300, 1 << 40, 1 << 60), Delete(b"k" * size, 1 << 40)):
        assert transaction([mutation] * 5).ByteSize() <= 5 * request_size(mutation)
