"""
Bytes that arrive in pieces, as a stream to read from, hashed on the way.

Knows nothing of where they come from; holds one piece at a time.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from typing import cast

BUFFER = 1 << 20


class Pieces(io.RawIOBase):
    """
    A stream of the pieces that an iterator yields.

    Args:
        pieces: closed with the stream, if it can be.
        total: bytes that are expected; 0 where nobody knows.
        progress: told of the bytes that have arrived since it was told last, and of the total.
    """

    def __init__(
        self, pieces: Iterable[bytes], total: int = 0, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._total = total
        self._progress = progress
        self._left = memoryview(b"")
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: object) -> int:
        """The next bytes, as many as there are of one piece."""
        target = memoryview(cast(bytearray, buffer)).cast("B")
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._digest.update(piece)
            if self._progress:
                self._progress(len(piece), self._total)
            self._left = memoryview(piece)
        count = min(len(target), len(self._left))
        target[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    @property
    def sha256(self) -> str:
        """Of what has arrived, in hexadecimal."""
        return self._digest.hexdigest()

    def close(self) -> None:
        """Let go of where the pieces come from; harmless when called twice."""
        if not self.closed and hasattr(self._pieces, "close"):
            self._pieces.close()
        super().close()


__all__ = ["BUFFER", "Pieces"]
