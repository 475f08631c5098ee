"""
A stream written to a temporary folder, within bounds: what a store is read from when it cannot be read where it is.

Knows how much room it may take, and computes a snapshot's checksum on the way. Memory does not grow with the stream.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kstore.errors import DamagedStore, SourceError
from kstore.source.bbolt.database import Damage

_CHUNK = 1 << 20
_PIECE = 1 << 14
LARGEST = 32 << 30
"""Bytes that are unpacked at most: four times the 8 GiB that etcd warns of."""
LEFT_FREE = 256 << 20
"""Bytes that are left free on the disk."""
_TRAILER = 32
"""The checksum at a snapshot's end, which is not part of what it is the checksum of."""

Progress = Callable[[int], None]
"""Told how many bytes have been written since it was told last."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file that was written."""

    path: Path
    size: int
    digest: bytes
    """The SHA-256 of all but the last 32 bytes."""

    # what `snapshot.digest.Memory` offers: this very file was hashed just now

    def knows(self, identity: str, trailer: bytes) -> bool:
        """Whether this is the checksum that was found."""
        return trailer == self.digest

    def note(self, identity: str, trailer: bytes) -> None:
        """There is nothing to remember: the file is gone with this run."""


class Spool:
    """
    A temporary folder (in `$TMPDIR`) for one store; readable by the user only.

    Args:
        name: what errors call the store.
        progress: told of each part that has been written.
        salvage: of a stream that breaks off, keep what came before.
        largest: bytes that it may take in all.
    """

    def __init__(
        self, name: str, progress: Progress | None = None, *, salvage: bool = False, largest: int = LARGEST
    ) -> None:
        self.name = name
        self.damage: list[Damage] = []
        """What could not be unpacked, when salvaging."""
        self._salvage = salvage
        self._progress = progress
        self._left = largest
        self._largest = largest
        self._folder = tempfile.TemporaryDirectory(prefix="kstore-")
        self.path = Path(self._folder.name)

    def take(self, stream: IO[bytes], name: str) -> Spooled:
        """
        Write a stream to its end, as a file of the folder.

        Raises:
            DamagedStore: the stream is damaged or breaks off.
            SourceError: it is larger than may be, or the disk has no room for it.
        """
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        held = b""  # the last bytes so far, which may be the checksum
        size = 0
        try:
            file = path.open("xb")
        except FileExistsError:
            raise SourceError("it holds two files of one name", where=f"{self.name}: {name}") from None
        with file:
            for chunk in self._chunks(stream):
                self._reserve(len(chunk))
                file.write(chunk)
                size += len(chunk)
                held += chunk
                digest.update(memoryview(held)[:-_TRAILER])
                held = held[-_TRAILER:]
                if self._progress:
                    self._progress(len(chunk))
        return Spooled(path, size, digest.digest())

    def append(self, stream: IO[bytes], path: Path) -> int:
        """
        Add what a stream holds to a file of the folder; how many bytes that is.

        Raises:
            DamagedStore, SourceError: as `take`.
        """
        size = 0
        with path.open("ab") as file:
            for chunk in self._chunks(stream):
                self._reserve(len(chunk))
                file.write(chunk)
                size += len(chunk)
                if self._progress:
                    self._progress(len(chunk))
        return size

    def _chunks(self, stream: IO[bytes]) -> Iterator[bytes]:
        """What a stream holds, up to where it is damaged when salvaging."""
        size = 0
        # what is being read is lost when it raises, which counts only for who wants the last of it
        read, most = (getattr(stream, "read1", stream.read), _PIECE) if self._salvage else (stream.read, _CHUNK)
        while True:
            try:
                chunk = read(most)
            except DamagedStore as error:
                if not self._salvage:
                    raise
                self.damage.append(Damage(size, error.message, "what comes after"))
                return
            if not chunk:
                return
            size += len(chunk)
            yield chunk

    def lose(self, error: DamagedStore, lost: str) -> None:
        """
        Note what cannot be had, when salvaging.

        Raises:
            DamagedStore: it is not to be salvaged.
        """
        if not self._salvage:
            raise error
        if not self.damage or self.damage[-1].message != error.message:  # met once in a file, once in what holds it
            self.damage.append(Damage(error.offset or 0, error.message, lost))

    def _reserve(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise SourceError(
                f"unpacked it has more than {self._largest >> 30} GiB, which no etcd has", where=self.name
            )
        if shutil.disk_usage(self.path).free - size < LEFT_FREE:
            raise SourceError(
                "there is no room to unpack it",
                where=self.name,
                hint=f"set TMPDIR to a folder with more room than {os.fspath(self.path.parent)}",
            )

    def close(self) -> None:
        """Remove the folder; harmless when called twice."""
        self._folder.cleanup()


__all__ = ["LARGEST", "Progress", "Spool", "Spooled"]
