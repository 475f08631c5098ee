"""
Streams that are watched: how far each was read, and what its library's errors mean to people.

What cannot be unpacked is said where it is met, so that of a gzip in a tar in a zstd the one is named that is damaged.
"""

from __future__ import annotations

import sys
from typing import IO, Any

from kstore.errors import DamagedStore
from kstore.source.archive.compression import unpacking_errors

_SALVAGE = "copy it again; `salvage=True` reads what comes before"


class Watched:
    """
    A stream that counts what is read of it, and whose errors are those of a store.

    Args:
        stream: what is read.
        where: what errors call it.
        below: the stream that this one is unpacked from; None where it is read as it is.
        ends: what its library raises where the stream below ends before it should.
    """

    def __init__(
        self,
        stream: IO[bytes],
        where: str,
        below: Watched | None = None,
        ends: tuple[type[Exception], ...] = (EOFError,),
    ) -> None:
        self._stream = stream
        self._below = below or self
        self._ends = ends
        self.where = where
        self.position = 0
        """Bytes that have been read of it."""

    def read(self, size: int = -1) -> bytes:
        """
        The next bytes.

        Raises:
            DamagedStore: they cannot be read.
        """
        return self._counted(self._stream.read, size)

    def read1(self, size: int = -1) -> bytes:
        """Some of the next bytes, without waiting for as many as are asked for; raises as `read`."""
        return self._counted(getattr(self._stream, "read1", self._stream.read), size)

    def _counted(self, read: Any, size: int) -> bytes:
        try:
            data: bytes = read(size)
        except unpacking_errors() as error:
            raise self.damaged(error) from None
        self.position += len(data)
        return data

    def readable(self) -> bool:
        """True: libraries ask."""
        return True

    def damaged(self, error: Exception) -> DamagedStore:
        """What a library raised, as an error of the store."""
        at = self._below.position
        if isinstance(error, self._ends):
            return ends_early(self.where, at)
        problem = f"it cannot be unpacked: {error or type(error).__name__} (before byte {at})"
        return DamagedStore(problem, where=self.where, hint=_SALVAGE, offset=at)

    def drain(self, most: int = sys.maxsize) -> None:
        """
        Read to the end, which is where most formats have their checksum, or as many bytes as are asked for.

        Raises:
            DamagedStore: it does not hold.
        """
        while most > 0 and (data := self.read(1 << 20)):
            most -= len(data)


def ends_early(where: str, at: int, why: str = "") -> DamagedStore:
    """The error of an archive that was cut short."""
    problem = f"the archive ends early at byte {at}" + (f": {why}" if why else "")
    return DamagedStore(problem, where=where, hint=_SALVAGE, offset=at)


__all__ = ["Watched", "ends_early"]
