"""
The entries of etcd's bucket `key`, found page by page, whether or not a tree leads to the page.

What `etcd-dump-db scan-keys` does (`tools/etcd-dump-db/scan.go`), for files whose trees cannot be relied on. Free pages
still hold what was deleted and compacted, so this is for salvaging, and for finding out that a file is torn.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

from kstore.source.bbolt.database import Database, Element, Leaf
from kstore.source.bbolt.format import LEAF, LEAF_ELEMENT, PAGE_HEADER
from kstore.source.mvcc.key_value import parse_revision_key


class ScannedPage(NamedTuple):
    """A leaf with entries of the bucket `key`."""

    first: bytes
    """The first revision key."""
    last: bytes
    number: int


class ScannedPages:
    """
    All leaves of revisions in a file, read in the order of their revisions, as `Bucket.leaves` reads one tree.

    Args:
        database: where they are.
        pages: the leaves to read; all that `scan` finds if not given.
    """

    def __init__(self, database: Database, pages: list[ScannedPage] | None = None) -> None:
        self.database = database
        self.pages = sorted(scan(database) if pages is None else pages)

    def last_leaf(self) -> Leaf | None:
        """The leaf with the newest revision."""
        newest = max(self.pages, key=lambda page: page.last, default=None)
        return read_leaf(self.database, newest.number) if newest else None

    def leaves(self, *, stop: bytes | None = None, containing: bytes = b"") -> Iterator[Leaf]:
        """The entries in order, each revision once, in leaves of one element (see `Bucket.leaves`)."""
        last = b""
        for leaf, element in self._merged(stop):
            if element.key > last:
                last = element.key
                if leaf.buffer.find(containing, element.value_start, element.value_end) >= 0:
                    yield Leaf(leaf.buffer, leaf.shift, [element])

    def _merged(self, stop: bytes | None) -> Iterator[tuple[Leaf, Element]]:
        """The elements of all pages, ascending; only pages that overlap are open at the same time."""
        waiting = iter(self.pages)
        following = next(waiting, None)
        opened: list[tuple[bytes, int, int, Leaf]] = []
        while opened or following:
            while following and (not opened or following.first <= opened[0][0]):
                leaf = read_leaf(self.database, following.number)
                if leaf is not None:
                    opened.append((leaf.elements[0].key, following.number, 0, leaf))
                    heapify(opened)
                following = next(waiting, None)
            if not opened:
                continue
            key, number, place, leaf = opened[0]
            if stop is not None and key >= stop:
                return
            yield leaf, leaf.elements[place]
            if place + 1 < len(leaf.elements):
                heapreplace(opened, (leaf.elements[place + 1].key, number, place + 1, leaf))
            else:
                heappop(opened)


def scan(database: Database, *, reached: bytearray | None = None) -> Iterator[ScannedPage]:
    """
    The leaves of revisions in a file, by their numbers.

    Args:
        database: where they are; what its meta page says of the number of pages is not heeded.
        reached: by page number, whether a page is known already and need not be looked at.
    """
    known = reached or b""
    for number in range(2, database.file.size // database.page_size):
        if number < len(known) and known[number]:
            continue
        buffer, base = database.file.view(number * database.page_size, database.page_size)
        own, flags, count, _ = PAGE_HEADER.unpack_from(buffer, base)
        if own != number or flags != LEAF or count == 0:
            continue
        leaf = read_leaf(database, number)
        if leaf is not None:
            yield ScannedPage(leaf.elements[0].key, leaf.elements[-1].key, number)


def read_leaf(database: Database, number: int) -> Leaf | None:
    """A page as a leaf of revisions; None when it is none, or not whole."""
    file, page_size = database.file, database.page_size
    offset = number * page_size
    buffer, base = file.view(offset, page_size)
    own, flags, count, overflow = PAGE_HEADER.unpack_from(buffer, base)
    size = (overflow + 1) * page_size
    begin = PAGE_HEADER.size
    expected = begin + count * LEAF_ELEMENT.size
    if own != number or flags != LEAF or count == 0 or expected > size or offset + size > file.size:
        return None
    data = file.read(offset, size)
    elements: list[Element] = []
    last = b""
    for place in range(begin, expected, LEAF_ELEMENT.size):
        kind, position, key_size, value_size = LEAF_ELEMENT.unpack_from(data, place)
        key_at = place + position
        value_at = key_at + key_size
        end = value_at + value_size
        key = data[key_at:value_at]
        following = elements[-1].value_end if elements else expected
        if kind or key_at != following or end > size or parse_revision_key(key) is None or key <= last:
            return None
        elements.append(Element(kind, key, value_at, end))
        last = key
    return Leaf(data, offset, elements)


__all__ = ["ScannedPage", "ScannedPages", "read_leaf", "scan"]
