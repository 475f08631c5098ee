"""
Lines of a text file that are about a key each, found again by it.

In memory stays where some of them are, which takes the same for any number of lines. A line that is read again must be
as it was at first.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from kstore.regular_file import open_regular
from kstore.source.mvcc.view import Place, View, ViewBuilder

_FIRST = 1
"""The place of a file's first line: 0 is none in a view."""


class LineChanged(ValueError):
    """A line is not as it was when the file was read."""


class LinesByKey:
    """
    A file of such lines: read through once, with each key noted, and then `in_order`.

    Args:
        path: the file.
        longest: bytes of a line; a longer one is read in pieces.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, longest: int) -> None:
        self._file = open_regular(path)
        self._longest = longest
        self._reading = threading.Lock()
        self._builder = ViewBuilder()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        if hasattr(self, "_file"):
            self._file.close()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield every line, and where it begins; nothing else may be asked meanwhile."""
        self._file.seek(0)
        at = 0
        while line := self._file.readline(self._longest):
            yield at, line
            at += len(line)

    def note(self, key: bytes, at: int, line: bytes) -> None:
        """Say which key a line is about; of several lines about one, the last counts."""
        self._builder.note(key, _FIRST + at, zlib.crc32(line))

    def in_order(self) -> View:
        """The keys in order, each with the place of its line; no more are noted."""
        return self._builder.view(0)

    @staticmethod
    def begin(place: Place) -> int:
        """Where a line begins, as `lines` has said."""
        return place.offset - _FIRST

    def at(self, place: Place) -> bytes:
        """
        A line again; several threads may ask.

        Raises:
            LineChanged: it is another one.
            OSError: it cannot be read.
        """
        with self._reading:
            self._file.seek(self.begin(place))
            line = self._file.readline(self._longest)
        if zlib.crc32(line) != place.size:
            raise LineChanged("the line is not as it was when the file was read")
        return line


__all__ = ["LineChanged", "LinesByKey"]
