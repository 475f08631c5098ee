"""
The live keys in order: in memory, in a temporary file, and where that has no room.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore import sorted_keys
from kstore.records import prefix_end
from kstore.sorted_keys import SortedKeys
from kstore.source.mvcc import view as module
from kstore.source.mvcc.view import Place, View, ViewBuilder

Changes = list[tuple[bytes, int | None]]
"""Keys, and the offsets of their values; None where a key is deleted."""
NAMES = st.sampled_from([b"/a/%d" % number for number in range(30)] + [b"/a", b"/b/x", b"/b/xx", b"/\xff", b"/b/x\0"])
CHANGES = st.lists(st.tuples(NAMES, st.none() | st.integers(1, 1 << 61)), max_size=120)


def viewed(changes: Iterable[tuple[bytes, int | None]], at_once: int) -> View:
    """The view of some changes, of which so many keys are sorted in memory."""
    newest = SortedKeys(at_once)
    builder = ViewBuilder(newest)
    for key, offset in changes:
        if offset is None:
            builder.delete(key)
        else:
            newest.numbers[key] = newest.pack(offset, offset % 0xFFFF_FFFF)
            if len(newest.numbers) >= at_once:
                newest.put_aside()
    return builder.view(9)


def expected(changes: Changes) -> list[Place]:
    """What is live, by a dict."""
    live = {key: offset for key, offset in dict(changes).items() if offset is not None}
    return [Place(key, live[key], live[key] % 0xFFFF_FFFF) for key in sorted(live)]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and pages of very few keys, so that few keys are many of them."""
    monkeypatch.setattr(sorted_keys, "_BLOCK", 3)
    monkeypatch.setattr(module, "_PAGE", 2)


@given(CHANGES, st.sampled_from([1, 2, 5, 1000]), NAMES, NAMES)
@pytest.mark.usefixtures("small_blocks")
def test_every_question(changes: Changes, at_once: int, prefix: bytes, start: bytes) -> None:
    """Whatever was written and deleted in whatever order, and however much of it was put aside."""
    found, wanted = viewed(changes, at_once), expected(changes)
    assert list(found.places(found.span())) == [found[at] for at in range(len(found))] == wanted
    assert [key for keys in found.keys(found.span()) for key in keys] == [place.key for place in wanted]
    end = prefix_end(prefix)
    below = [one for one in wanted if one.key >= max(prefix, start) and (end == b"\0" or one.key < end)]
    assert list(found.places(found.span(prefix, start))) == below
    assert found.find(prefix) == next((one for one in wanted if one.key == prefix), None)
    assert found.position(start) == sum(one.key < start for one in wanted)


def many(count: int) -> Iterator[tuple[bytes, int | None]]:
    """Keys out of order, every third deleted again, and every seventh written once more."""
    for number in range(count):
        key = b"/registry/pods/%06d" % (number * 7919 % count)
        yield key, number + 1
    for number in range(0, count, 3):
        yield b"/registry/pods/%06d" % number, None
    for number in range(0, count, 7):
        yield b"/registry/pods/%06d" % number, number + 5_000_000


def test_many_keys() -> None:
    """As blocks really are: of 512 keys, merged in parts."""
    changes = list(many(20_000))
    assert list((found := viewed(changes, 3_000)).places(found.span())) == expected(changes)


@pytest.mark.parametrize("writes", [0, 1, 4, 9, 30])
def test_a_full_disk(writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the write on that fails everything stays in memory, and nothing is missing."""
    left = [writes]

    def write(descriptor: int, data: bytes, at: int) -> None:
        if not left[0]:
            os.pwrite(descriptor, data[:100], at)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        os.pwrite(descriptor, data, at)

    monkeypatch.setattr(sorted_keys, "write_at", write)
    changes = list(many(10_000))
    assert list((found := viewed(changes, 2_500)).places(found.span())) == expected(changes)


def test_no_place_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only file system everywhere: keys are sorted in memory."""

    def nowhere(**_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", nowhere)
    changes = list(many(2_000))
    assert list((found := viewed(changes, 500)).places(found.span())) == expected(changes)
