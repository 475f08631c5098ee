"""
Keys in order, each with two numbers, however many there are.

So that memory does not grow with the number of keys, sorted runs of them are put aside in a temporary file without a
name, and merged in the end. Few keys need no file, and where there is no room for it all stay in memory.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import accumulate, pairwise
from typing import IO, Final, NamedTuple

from kstore.operating_system import read_at, write_at

_AT_ONCE: Final = 1 << 16
"""Keys that are sorted in memory."""
_BLOCK: Final = 512
"""Keys that are put aside, and read, together."""


class Block(NamedTuple):
    """Some keys in order, and the two numbers of each."""

    keys: list[bytes]
    high: array[int]
    """Of 64 bits."""
    low: array[int]
    """Of 32 bits."""


class Aside(NamedTuple):
    """Where a block is in the temporary file."""

    at: int
    length: int
    entries: int


class Shelf:
    """Blocks in a temporary file; in memory, once the file cannot be written."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._end = 0
        self._full = False

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def put(self, block: Block) -> Aside | Block:
        """Put a block aside; what gives it back."""
        keys, high, low = block
        data = b"".join((array("I", map(len, keys)).tobytes(), high.tobytes(), low.tobytes(), *keys))
        with suppress(OSError):
            if not self._full:
                self._full = True  # unless it is written
                if self._file is None:
                    import tempfile

                    self._file = tempfile.TemporaryFile(prefix="kstore-")  # noqa: SIM115 - as long as the shelf
                write_at(self._file.fileno(), data, self._end)
                self._full = False
                self._end += len(data)
                return Aside(self._end - len(data), len(data), len(keys))
        return block

    def get(self, aside: Aside | Block) -> Block:
        """A block that was put aside."""
        if isinstance(aside, Block):
            return aside
        assert self._file is not None
        at, length, entries = aside
        data = read_at(self._file.fileno(), length, at)
        lengths, high, low = array("I"), array("Q"), array("I")
        begin = 0
        for numbers in (lengths, high, low):
            numbers.frombytes(data[begin : begin + entries * numbers.itemsize])
            begin += entries * numbers.itemsize
        ends = accumulate(lengths, initial=begin)
        return Block([data[start:end] for start, end in pairwise(ends)], high, low)


class SortedKeys:
    """
    Keys that are noted in any order, and come back in theirs.

    Args:
        at_once: how many of them are sorted in memory.
        adds: what is noted of a key twice is added; otherwise the last counts.
    """

    def __init__(self, at_once: int = _AT_ONCE, *, adds: bool = False) -> None:
        self.numbers: dict[bytes, int] = {}
        """Of the keys noted since the last run: both numbers in one, which takes half the memory; see `pack`."""
        self.at_once = at_once
        """With so many of them `put_aside` is to be called."""
        self.shelf = Shelf()
        self._adds = adds
        self._runs: list[list[tuple[bytes, Aside | Block]]] = []

    @staticmethod
    def pack(high: int, low: int) -> int:
        """Two numbers in one; sums of them are the sums of both, as long as the low ones' takes 32 bits."""
        return high << 32 | low

    def note(self, key: bytes, high: int = 0, low: int = 0) -> None:
        """Note one key; loops that are run for each page or change have these lines in them instead."""
        number = self.pack(high, low)
        self.numbers[key] = self.numbers.get(key, 0) + number if self._adds else number
        if len(self.numbers) >= self.at_once:
            self.put_aside()

    @property
    def has_runs(self) -> bool:
        """Whether any keys have been put aside."""
        return bool(self._runs)

    def put_aside(self) -> None:
        """End a run."""
        self._runs.append([(block.keys[0], self.shelf.put(block)) for block in self._in_order()])
        self.numbers.clear()

    def _block(self, keys: list[bytes]) -> Block:
        numbers = [self.numbers[key] for key in keys]
        high, low = (number >> 32 for number in numbers), (number & 0xFFFF_FFFF for number in numbers)
        return Block(keys, array("Q", high), array("I", low))

    def blocks(self) -> Iterator[Block]:
        """
        Yield all keys in order; they are noted no more.

        Of runs, cut at first keys of their blocks, a part of each is in memory at a time, which is sorted together.
        """
        if not self._runs:
            yield from self._in_order()
            return
        self.put_aside()
        firsts = sorted(first for run in self._runs for first, _ in run)
        cuts = firsts[:: max(1, self.at_once // _BLOCK)][1:]
        runs = [_Run(self.shelf, [aside for _, aside in run]) for run in self._runs]
        for cut in [*cuts, None]:
            self.numbers.clear()
            for run in runs:  # a later one knows better
                for block, begin, end in run.up_to(cut):
                    self._note(block, slice(begin, end))
            yield from self._in_order()
        self.numbers.clear()

    def _note(self, block: Block, part: slice) -> None:
        found = zip(block.keys[part], map(self.pack, block.high[part], block.low[part]), strict=True)
        if not self._adds:
            self.numbers.update(found)
            return
        for key, number in found:
            self.numbers[key] = self.numbers.get(key, 0) + number

    def _in_order(self) -> Iterator[Block]:
        keys = sorted(self.numbers)
        for at in range(0, len(keys), _BLOCK):
            yield self._block(keys[at : at + _BLOCK])


class _Run:
    """A run that is read from its beginning to its end."""

    def __init__(self, shelf: Shelf, asides: Iterable[Aside | Block]) -> None:
        self._blocks = map(shelf.get, asides)
        self._block = next(self._blocks, None)
        self._at = 0

    def up_to(self, cut: bytes | None) -> Iterator[tuple[Block, int, int]]:
        """Yield what comes before a key, or all that is left: blocks, and where in each."""
        while self._block is not None:
            block, begin = self._block, self._at
            end = len(block.keys) if cut is None else bisect_left(block.keys, cut, begin)
            yield block, begin, end
            if end < len(block.keys):
                self._at = end
                return
            self._block, self._at = next(self._blocks, None), 0
