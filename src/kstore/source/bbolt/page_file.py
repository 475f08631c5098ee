"""
A database file read in runs of pages: bounded memory, no lock, no write.

Reads with `pread` rather than through a memory map, for three reasons: a file that is cut short under a map ends the
process with SIGBUS, here it is an error; pages of a map count as memory of the process until the kernel takes them
back, so that a walk of a large file would look (and, in a container, be charged) as large as the file; and bytes that
another process writes cannot change between the check and the use. Knows nothing of what the pages hold.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from kstore.errors import DamagedStore
from kstore.operating_system import read_at, read_into
from kstore.regular_file import open_regular

_SMALLEST_WINDOW = 1 << 14
_LARGEST_WINDOW = 1 << 20
_SEARCH_CHUNK = 1 << 18
_DIGEST_CHUNK = 1 << 22
"""Large, since the interpreter's lock must be had again after each."""


class PageFile:
    """
    An open file with a window over it, which grows while reads follow one another and is small when they jump.

    Args:
        descriptor: an open file descriptor, owned from now on.
        size: how many bytes from the file's beginning count.
        name: what errors call the file.
    """

    def __init__(self, descriptor: int, size: int, name: str) -> None:
        self.descriptor = descriptor
        self.size = size
        self.name = name
        self._window = b""
        self._window_offset = 0
        self._window_size = _SMALLEST_WINDOW

    @classmethod
    def open(cls, path: Path) -> PageFile:
        """
        Open a file for reading, all of it.

        Raises:
            OSError: as `open_regular`.
        """
        with open_regular(path) as file:
            descriptor = os.dup(file.fileno())
        return cls(descriptor, os.fstat(descriptor).st_size, str(path))

    def read(self, offset: int, size: int) -> bytes:
        """
        Exactly `size` bytes at `offset`.

        Raises:
            DamagedStore: the file ends before them.
        """
        if offset < 0 or size < 0 or offset + size > self.size:
            raise self.damaged(f"{size} bytes are expected here, the file has {self.size}", offset)
        data = read_at(self.descriptor, size, offset)
        if len(data) != size:
            data = self._read_rest(data, offset, size)
        return data

    def _read_rest(self, data: bytes, offset: int, size: int) -> bytes:
        """What a read that was cut short (a network file system, a signal) left over."""
        parts = [data]
        have = len(data)
        while have < size:
            part = read_at(self.descriptor, size - have, offset + have)
            if not part:
                raise self.damaged(f"the file ends {size - have} bytes early: it was cut short while open", offset)
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def _read_into(self, buffer: memoryview, offset: int) -> None:
        """Fill a buffer with the bytes at `offset`."""
        count = read_into(self.descriptor, buffer, offset)
        if count != len(buffer):
            buffer[:] = self.read(offset, len(buffer))

    def view(self, offset: int, size: int) -> tuple[bytes, int]:
        """A buffer and the place in it where the `size` bytes at `offset` begin; cheap when reads go forward."""
        start = offset - self._window_offset
        if start >= 0 and start + size <= len(self._window):
            return self._window, start
        follows = 0 <= start <= len(self._window) + _SMALLEST_WINDOW
        self._window_size = min(self._window_size * 2, _LARGEST_WINDOW) if follows else _SMALLEST_WINDOW
        if offset < 0 or offset + size > self.size:
            raise self.damaged(f"{size} bytes are expected here, the file has {self.size}", offset)
        self._window = self.read(offset, min(max(size, self._window_size), self.size - offset))
        self._window_offset = offset
        return self._window, 0

    def places(self, sought: bytes) -> Iterator[int]:
        """Where in the file these bytes begin, each place in order."""
        kept = len(sought) - 1  # what may be the beginning of one that ends in the next chunk
        buffer = bytearray(kept + _SEARCH_CHUNK)  # one for all: fresh memory costs as much as reading it
        chunk = memoryview(buffer)[kept:]
        for offset in range(0, self.size, _SEARCH_CHUNK):
            size = min(_SEARCH_CHUNK, self.size - offset)
            self._read_into(chunk[:size], offset)
            found = buffer.find(sought, 0 if offset else kept, kept + size)
            while found >= 0:
                yield offset - kept + found
                found = buffer.find(sought, found + 1, kept + size)
            buffer[:kept] = buffer[size : size + kept]

    def damaged(self, message: str, offset: int) -> DamagedStore:
        """The error for something wrong at a byte of this file."""
        hint = "`salvage=True` reads what can be read of it"
        return DamagedStore(f"{message} (byte {offset})", where=self.name, hint=hint, offset=offset)

    def close(self) -> None:
        """Close the descriptor; harmless when called twice."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class Digest(threading.Thread):
    """The SHA-256 of a file's first bytes, computed beside the work (hashing lets go of the interpreter's lock)."""

    def __init__(self, descriptor: int, size: int) -> None:
        super().__init__(name="kstore-digest", daemon=True)
        self._descriptor = os.dup(descriptor)
        self._size = size
        self._digest = b""
        self._stopped = False
        self.start()

    def run(self) -> None:
        """Read and hash, chunk by chunk; a file that cannot be read ends with a digest that nothing equals."""
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(_DIGEST_CHUNK))
        offset = 0
        try:
            while offset < self._size and not self._stopped:
                count = read_into(self._descriptor, buffer[: self._size - offset], offset)
                if not count:
                    return
                digest.update(buffer[:count])
                offset += count
            self._digest = digest.digest()
        except OSError:
            return
        finally:
            os.close(self._descriptor)

    def result(self) -> bytes:
        """Wait for the digest; empty when the bytes could not all be read."""
        self.join()
        return self._digest

    def cancel(self) -> None:
        """Stop reading."""
        self._stopped = True
        self.join()
