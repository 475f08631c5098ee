"""
The live keys of a store as of one revision, in order, each with the place of its newest value.

A database has its changes in the order of revisions: for the order of keys all of them must have been seen. So that
memory does not grow with their number, sorted runs of them are put aside in a temporary file without a name, and merged
in the end. Few keys need no file, and where there is no room for it all stay in memory.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, pairwise
from typing import IO, Final, NamedTuple

from kstore.operating_system import read_at, write_at
from kstore.records import prefix_end

_AT_ONCE: Final = 1 << 16
"""Keys that are sorted in memory."""
_BLOCK: Final = 512
"""Keys that are put aside, and read, together."""
_PAGE: Final = 4096
"""Keys that are looked at together, at most."""
_GONE: Final = 0
"""The offset of a key that has been deleted: no value is in a database's first page."""


class Place(NamedTuple):
    """A key, and where its value is."""

    key: bytes
    offset: int
    size: int


class _Block(NamedTuple):
    """Some keys in order, and where their values are."""

    keys: list[bytes]
    offsets: array[int]
    sizes: array[int]


class _Aside(NamedTuple):
    """Where a block is in the temporary file."""

    at: int
    length: int
    entries: int


class _Shelf:
    """Blocks in a temporary file; in memory, once the file cannot be written."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._end = 0
        self._full = False

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def put(self, block: _Block) -> _Aside | _Block:
        """Put a block aside; what gives it back."""
        keys, offsets, sizes = block
        data = b"".join((array("I", map(len, keys)).tobytes(), offsets.tobytes(), sizes.tobytes(), *keys))
        with suppress(OSError):
            if not self._full:
                self._full = True  # unless it is written
                if self._file is None:
                    import tempfile

                    self._file = tempfile.TemporaryFile(prefix="kstore-")  # noqa: SIM115 - as long as the view
                write_at(self._file.fileno(), data, self._end)
                self._full = False
                self._end += len(data)
                return _Aside(self._end - len(data), len(data), len(keys))
        return block

    def get(self, aside: _Aside | _Block) -> _Block:
        """A block that was put aside."""
        if isinstance(aside, _Block):
            return aside
        assert self._file is not None
        at, length, entries = aside
        data = read_at(self._file.fileno(), length, at)
        lengths, offsets, sizes = array("I"), array("Q"), array("I")
        begin = 0
        for numbers in (lengths, offsets, sizes):
            numbers.frombytes(data[begin : begin + entries * numbers.itemsize])
            begin += entries * numbers.itemsize
        ends = accumulate(lengths, initial=begin)
        return _Block([data[start:end] for start, end in pairwise(ends)], offsets, sizes)


class View:
    """
    The live keys as of one revision.

    Args:
        revision: of the store.
        blocks: each with its first key, and how many it has.
        shelf: gives the blocks.
    """

    def __init__(self, revision: int, blocks: Sequence[tuple[bytes, int, _Aside | _Block]], shelf: _Shelf) -> None:
        self.revision = revision
        self._shelf = shelf
        self._firsts = [first for first, _, _ in blocks]
        self._starts = array("Q", accumulate((count for _, count, _ in blocks), initial=0))
        """At which position each block begins; the last one is how many keys there are."""
        self._blocks = [aside for _, _, aside in blocks]
        self._last: tuple[int, _Block] = (-1, _Block([], array("Q"), array("I")))

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, position: int) -> Place:
        number = bisect_right(self._starts, position) - 1
        block, at = self._block(number), position - self._starts[number]
        return Place(block.keys[at], block.offsets[at], block.sizes[at])

    def _block(self, number: int) -> _Block:
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
        for block, begin, end in self._parts(span):
            part = slice(begin, end)
            yield from map(Place, block.keys[part], block.offsets[part], block.sizes[part])

    def keys(self, span: range) -> Iterator[Sequence[bytes]]:
        """Yield the keys at these positions, many at once."""
        for block, begin, end in self._parts(span):
            yield block.keys[begin:end]

    def _parts(self, span: range) -> Iterator[tuple[_Block, int, int]]:
        """The blocks that positions are in, and where in each."""
        position = span.start
        while position < span.stop:
            number = bisect_right(self._starts, position) - 1
            start, end = self._starts[number], min(self._starts[number + 1], span.stop, position + _PAGE)
            yield self._block(number), position - start, end - start
            position = end


class ViewBuilder:
    """What becomes a view: the changes of keys, noted in the order of their revisions."""

    def __init__(self, at_once: int = _AT_ONCE) -> None:
        self.newest: dict[bytes, int] = {}
        """Of the keys noted since the last run: where the newest value of each is, as `place` has it."""
        self.at_once = at_once
        """With so many of them `put_aside` is to be called."""
        self._shelf = _Shelf()
        self._runs: list[list[tuple[bytes, int, _Aside | _Block]]] = []

    @staticmethod
    def place(offset: int, size: int) -> int:
        """A place in one number, which takes half the memory of a pair."""
        return offset << 32 | size

    def delete(self, key: bytes) -> None:
        """Note that a key is gone."""
        if self._runs:
            self.newest[key] = _GONE
        else:
            self.newest.pop(key, None)

    def put_aside(self) -> None:
        """End a run."""
        keys = sorted(self.newest)
        self._runs.append([self._aside(keys[at : at + _BLOCK]) for at in range(0, len(keys), _BLOCK)])
        self.newest.clear()

    def _aside(self, keys: list[bytes]) -> tuple[bytes, int, _Aside | _Block]:
        return keys[0], len(keys), self._shelf.put(self._block_of(keys))

    def _block_of(self, keys: list[bytes]) -> _Block:
        places = [self.newest[key] for key in keys]
        offsets, sizes = (place >> 32 for place in places), (place & 0xFFFF_FFFF for place in places)
        return _Block(keys, array("Q", offsets), array("I", sizes))

    def view(self, revision: int) -> View:
        """The view of all that was noted."""
        if not self._runs:
            block = self._block_of(sorted(self.newest))
            return View(revision, [(block.keys[0], len(block.keys), block)] if block.keys else [], self._shelf)
        self.put_aside()
        return View(revision, list(self._merged()), self._shelf)

    def _merged(self) -> Iterator[tuple[bytes, int, _Aside | _Block]]:
        """
        Yield the blocks of all runs together, in order.

        Cut at first keys of their blocks, a part of each run at a time is in memory, which is sorted together.
        """
        firsts = sorted(first for run in self._runs for first, _, _ in run)
        cuts = firsts[:: max(1, self.at_once // _BLOCK)][1:]
        runs = [_Run(self._shelf, [aside for _, _, aside in run]) for run in self._runs]
        for cut in [*cuts, None]:
            self.newest.clear()
            for run in runs:  # a later one knows better
                for block, begin, end in run.up_to(cut):
                    part = slice(begin, end)
                    places = map(self.place, block.offsets[part], block.sizes[part])
                    self.newest.update(zip(block.keys[part], places, strict=True))
            keys = sorted(key for key, place in self.newest.items() if place != _GONE)
            for at in range(0, len(keys), _BLOCK):
                yield self._aside(keys[at : at + _BLOCK])
        self.newest.clear()


class _Run:
    """A run that is read from its beginning to its end."""

    def __init__(self, shelf: _Shelf, asides: Iterable[_Aside | _Block]) -> None:
        self._blocks = map(shelf.get, asides)
        self._block = next(self._blocks, None)
        self._at = 0

    def up_to(self, cut: bytes | None) -> Iterator[tuple[_Block, int, int]]:
        """Yield what comes before a key, or all that is left: blocks, and where in each."""
        while self._block is not None:
            block, begin = self._block, self._at
            end = len(block.keys) if cut is None else bisect_left(block.keys, cut, begin)
            yield block, begin, end
            if end < len(block.keys):
                self._at = end
                return
            self._block, self._at = next(self._blocks, None), 0


__all__ = ["Place", "View", "ViewBuilder"]
