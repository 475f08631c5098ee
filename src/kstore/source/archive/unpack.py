"""
The stores in a stream, unpacked in one pass: compressed, in a tar or zip archive, one within the other.

Knows tar and zip by the standard library. What is no store's file is read past, and never written.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from kstore.errors import DamagedStore, NotADatabase, SourceError
from kstore.source.archive.compression import decompressed, unpacking_errors
from kstore.source.archive.contents import HEAD, Contents, is_member_file, kind_of
from kstore.source.archive.keyed import KeyedValues, is_key
from kstore.source.archive.spool import Spool, Spooled

DEEPEST = 4
"""How many compressions and archives may be nested."""
_END = 1024
"""Bytes at the end of every tar: two blocks of zeroes."""
_LATER = "the keys that would come after"


class Peeked:
    """A stream whose first bytes have been looked at."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        parts: list[bytes] = []
        size = 0
        while size < HEAD and (part := stream.read(HEAD - size)):
            parts.append(part)
            size += len(part)
        self.head = self._before = b"".join(parts)

    def read(self, size: int = -1) -> bytes:
        """The next bytes, those that were looked at first."""
        if not self._before:
            return self._stream.read(size)
        if size < 0:
            part, self._before = self._before + self._stream.read(), b""
            return part
        part, self._before = self._before[:size], self._before[size:]
        return part

    def read1(self, size: int = -1) -> bytes:
        """Some of the next bytes, without waiting for as many as are asked for."""
        if self._before or not hasattr(self._stream, "read1"):
            return self.read(min(size, len(self._before)) if self._before and size > 0 else size)
        return cast(bytes, self._stream.read1(size))

    def readable(self) -> bool:
        """True: libraries ask."""
        return True


class _Ended:
    """A tar's stream, of which is noted whether it ended as tars do: with blocks of zeroes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self._last = (self._last + data)[-_END:]
        return data

    def is_whole(self) -> bool:
        """Whether the end was reached; what comes after the archive is read."""
        while self.read(1 << 20):
            pass
        return self._last == bytes(_END)


class Unpacking:
    """
    What of a stream has been unpacked.

    Args:
        spool: where to.
        member: the one file or data directory that is wanted; empty for whatever there is.
    """

    def __init__(self, spool: Spool, member: str = "") -> None:
        self.contents = Contents()
        self.files: dict[str, Spooled] = {}
        self.keyed = KeyedValues(spool)
        """Of an archive with a file a key, what is in them."""
        self._spool = spool
        self._member = member.strip("/")

    def read(self, stream: IO[bytes], name: str = "", *, depth: int = 0) -> None:
        """
        Unpack a stream.

        Args:
            stream: need not be able to seek.
            name: the file's name within what holds it.
            depth: how many hold it.

        Raises:
            DamagedStore: it is damaged, or breaks off.
            SourceError: there is no room for it, or too much in one another.
        """
        with self._named():
            peeked = Peeked(stream)
            content = cast(IO[bytes], peeked)
            kind = kind_of(peeked.head)
            if depth > DEEPEST:
                raise SourceError("archives are nested too deeply", where=self._spool.name)
            if kind == "compressed":
                self.read(decompressed(content, peeked.head), name, depth=depth + 1)
            elif kind == "tar" and not name:
                self._tar(content, depth)
            elif kind == "zip" and not name:
                self._zip(content, depth)
            elif not name or self._wanted(name, kind):
                self._take(content, name or "store", kind)

    def _wanted(self, name: str, kind: str) -> bool:
        if self._member:
            return name == self._member or name.startswith(f"{self._member}/")
        return kind in ("database", "sqlite") or is_member_file(name)

    def _take(self, content: IO[bytes], name: str, kind: str) -> None:
        if kind not in ("database", "sqlite") and not is_member_file(name):
            raise NotADatabase(
                "this is neither a snapshot, a database nor an archive of one", where=f"{self._spool.name} ({name})"
            )
        self.files[name] = self._spool.take(content, name)
        self.contents.add(name, kind)

    def _tar(self, content: IO[bytes], depth: int) -> None:
        ended = _Ended(content)
        try:
            self._entries(ended, depth)
        except unpacking_errors() as error:
            if not len(self.keyed):
                raise
            self._spool.lose(f"it cannot be unpacked: {error}", _LATER)
            return
        if len(self.keyed) and not ended.is_whole():
            self._spool.lose("the archive breaks off: it has no end mark", _LATER)

    def _entries(self, ended: _Ended, depth: int) -> None:
        with tarfile.open(fileobj=cast(IO[bytes], ended), mode="r|", ignore_zeros=False) as archive:
            for entry in archive:
                name = _within(entry.name)
                stream = archive.extractfile(entry) if entry.isfile() and name else None
                if stream is not None and is_key(entry.name) and not self._member:
                    self._keyed(entry.name, stream, depth)
                elif stream is not None:
                    self.read(stream, name, depth=depth + 1)

    def _keyed(self, name: str, stream: IO[bytes], depth: int) -> None:
        """A file whose name is a key: its value, or the database of the whole (`pkg/snapshot/convert.go`)."""
        peeked = Peeked(stream)
        content = cast(IO[bytes], peeked)
        if kind_of(peeked.head) in ("database", "sqlite"):
            self.read(content, _within(name), depth=depth + 1)
        else:
            self.keyed.add(name, content)

    def _zip(self, content: IO[bytes], depth: int) -> None:
        """A zip has its directory at its end, so a stream must be written down first."""
        path = self._spool.take(content, ".zip").path
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = _within(entry.filename)
                if not entry.is_dir() and name:
                    with archive.open(entry) as stream:
                        self.read(stream, name, depth=depth + 1)
        path.unlink()

    @contextmanager
    def _named(self) -> Iterator[None]:
        """What the libraries raise, as an error of a store."""
        try:
            yield
        except unpacking_errors() as error:
            raise DamagedStore(
                f"it cannot be unpacked: {error or type(error).__name__}", where=self._spool.name
            ) from None


def _within(name: str) -> str:
    """A name as it is joined to a folder; empty when it leads out of it."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part != "."]
    return "" if not parts or (parts[0] == "/" and len(parts) < 2) or ".." in parts else "/".join(parts).lstrip("/")


def opened_path(unpacking: Unpacking, spool: Spool, form: str) -> tuple[Path, Spooled | None]:
    """
    What to open of what was unpacked: a data directory, or a file.

    Raises:
        NotADatabase: there is no store.
        UsageError: there are several.
    """
    name = unpacking.contents.only(spool.name, form)
    return spool.path / name, unpacking.files.get(name)


__all__ = ["Peeked", "Unpacking", "opened_path"]
