"""
The live keys of a store as of one revision, in order, each with the place of its newest value.

A database has its changes in the order of revisions: for the order of keys all of them must have been seen.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, compress
from typing import Final, NamedTuple

from kstore.records import prefix_end
from kstore.sorted_keys import Aside, Block, Shelf, SortedKeys

_PAGE: Final = 4096
"""Keys that are looked at together, at most."""
_GONE: Final = 0
"""The place of a key that has been deleted: no value is in a database's first page."""


class Place(NamedTuple):
    """A key, and where its value is."""

    key: bytes
    offset: int
    size: int


class View:
    """
    The live keys as of one revision.

    Args:
        revision: of the store.
        blocks: each with its first key, and how many it has: keys, and the offset and size of each one's value.
        shelf: gives the blocks.
    """

    def __init__(self, revision: int, blocks: Sequence[tuple[bytes, int, Aside | Block]], shelf: Shelf) -> None:
        self.revision = revision
        self._shelf = shelf
        self._firsts = [first for first, _, _ in blocks]
        self._starts = array("Q", accumulate((count for _, count, _ in blocks), initial=0))
        """At which position each block begins; the last one is how many keys there are."""
        self._blocks = [aside for _, _, aside in blocks]
        self._last: tuple[int, Block] = (-1, Block([], array("Q"), array("I")))

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, position: int) -> Place:
        number = bisect_right(self._starts, position) - 1
        block, at = self._block(number), position - self._starts[number]
        return Place(block.keys[at], block.high[at], block.low[at])

    def _block(self, number: int) -> Block:
        last, block = self._last
        if last != number:
            block = self._shelf.get(self._blocks[number])
            self._last = number, block
        return block

    def position(self, key: bytes) -> int:
        """The first position whose key is not before a key."""
        number = bisect_right(self._firsts, key) - 1
        return 0 if number < 0 else self._starts[number] + bisect_left(self._block(number).keys, key)

    def find(self, key: bytes) -> Place | None:
        """The place of a key; None where it is not live."""
        position = self.position(key)
        found = self[position] if position < len(self) else None
        return found if found is not None and found.key == key else None

    def span(self, prefix: bytes = b"", start: bytes = b"") -> range:
        """The positions of the keys that begin with `prefix`, from `start` on."""
        end = prefix_end(prefix)
        return range(self.position(max(prefix, start)), len(self) if end == b"\0" else self.position(end))

    def places(self, span: range) -> Iterator[Place]:
        """Yield the keys at these positions, with their places."""
        for block, part in self._parts(span):
            yield from map(Place, block.keys[part], block.high[part], block.low[part])

    def keys(self, span: range) -> Iterator[Sequence[bytes]]:
        """Yield the keys at these positions, many at once."""
        for block, part in self._parts(span):
            yield block.keys[part]

    def _parts(self, span: range) -> Iterator[tuple[Block, slice]]:
        """The blocks that positions are in, and where in each."""
        position = span.start
        while position < span.stop:
            number = bisect_right(self._starts, position) - 1
            start, end = self._starts[number], min(self._starts[number + 1], span.stop, position + _PAGE)
            yield self._block(number), slice(position - start, end - start)
            position = end


class ViewBuilder:
    """
    What becomes a view: the changes of keys, noted in the order of their revisions.

    Args:
        newest: takes where the newest value of each is, packed.
    """

    def __init__(self, newest: SortedKeys | None = None) -> None:
        self.newest = newest or SortedKeys()

    def note(self, key: bytes, offset: int, size: int) -> None:
        """Note where the newest value of a key is."""
        self.newest.note(key, offset, size)

    def delete(self, key: bytes) -> None:
        """Note that a key is gone."""
        if self.newest.has_runs:
            self.newest.numbers[key] = _GONE
        else:
            self.newest.numbers.pop(key, None)

    def view(self, revision: int) -> View:
        """The view of all that was noted."""
        shelf = self.newest.shelf
        put = shelf.put if self.newest.has_runs else lambda block: block
        live = filter(lambda block: block.keys, map(_live, self.newest.blocks()))
        return View(revision, [(block.keys[0], len(block.keys), put(block)) for block in live], shelf)


def _live(block: Block) -> Block:
    """A block without what is gone."""
    if all(block.high):
        return block
    keys, high, low = block
    return Block(list(compress(keys, high)), array("Q", filter(None, high)), array("I", compress(low, high)))


__all__ = ["Place", "View", "ViewBuilder"]
