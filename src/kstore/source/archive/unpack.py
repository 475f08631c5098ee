"""
The stores in a stream, unpacked in one pass: compressed, in a tar or zip archive, one within the other.

Knows tar and zip by the standard library. What is no store's file is read past, and never written.
"""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn, cast

from kstore.errors import DamagedStore, NotADatabase, SourceError
from kstore.source.archive.compression import decompressed, unpacking_errors
from kstore.source.archive.contents import (
    HEAD,
    Contents,
    archive_suffix,
    is_beginning_of_archive,
    is_member_file,
    kind_of,
)
from kstore.source.archive.keyed import KeyedValues, is_key
from kstore.source.archive.spool import Spool, Spooled
from kstore.source.archive.tar import entries
from kstore.source.archive.watched import Watched, ends_early

DEEPEST = 4
"""How many compressions and archives may be nested."""
_LATER = "what would come after"
_DRAINED = 1 << 30
"""Bytes that are read at most of what begins like nothing that is known."""
_NO_DIRECTORY = "the directory that a zip ends with is missing"


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

    def read(self, stream: IO[bytes]) -> None:
        """
        Unpack a stream.

        Args:
            stream: need not be able to seek.

        Raises:
            DamagedStore: it is damaged, or breaks off.
            SourceError: there is no room for it, or too much in one another.
        """
        self._read(Watched(stream, self._spool.name), "", 0)

    def _read(self, stream: Watched, name: str, depth: int) -> None:
        """Unpack a file by its name within what holds it; `depth` is how many hold it."""
        if depth > DEEPEST:
            raise SourceError("archives are nested too deeply", where=self._spool.name)
        peeked = Peeked(cast(IO[bytes], stream))
        content = cast(IO[bytes], peeked)
        kind = kind_of(peeked.head)
        if kind == "compressed":
            self._read(Watched(decompressed(content, peeked.head), stream.where, stream), name, depth + 1)
        elif kind == "tar" and not name:
            self._tar(Watched(content, stream.where, stream), depth)
        elif kind == "zip" and not name:
            self._zip(content, stream, depth)
        elif name and not self._wanted(name, kind):
            return
        else:
            if not name and not kind:
                self._refuse(stream, peeked.head, depth)
            self._take(content, name or "store", kind)

    def _wanted(self, name: str, kind: str) -> bool:
        if self._member:
            return name == self._member or name.startswith(f"{self._member}/")
        return kind in ("database", "sqlite") or is_member_file(name)

    def _refuse(self, stream: Watched, head: bytes, depth: int) -> NoReturn:
        """Say what a stream is that begins like nothing that is known."""
        where = self._spool.name
        if not head:
            raise NotADatabase("the file is empty", where=where, hint="save or copy it again: what wrote it has failed")
        if is_beginning_of_archive(head):
            raise ends_early(where, len(head))
        stream.drain(_DRAINED)  # what was compressed may be a store that is damaged, which a checksum shows
        suffix = archive_suffix(where)
        if suffix and not depth:
            raise DamagedStore(
                f"its name ends with {suffix}, but it does not begin as such a file does",
                where=where,
                hint="its first bytes are damaged, or it is called wrongly: copy it again",
                offset=0,
            )
        raise NotADatabase("this is neither a snapshot, a database nor an archive of one", where=where)

    def _take(self, content: IO[bytes], name: str, kind: str) -> None:
        if kind not in ("database", "sqlite") and not is_member_file(name):
            raise NotADatabase("this is neither a snapshot nor a database", where=f"{self._spool.name} ({name})")
        self.files[name] = self._spool.take(content, name)
        self.contents.add(name, kind)

    def _tar(self, content: Watched, depth: int) -> None:
        try:
            for name, stream in entries(content):
                inside = _within(name)
                if is_key(name) and inside and not self._member:
                    self._keyed(name, stream, depth)
                elif inside:
                    self._read(self._named(stream, inside), inside, depth + 1)
        except DamagedStore as error:
            self._spool.lose(error, _LATER)

    def _keyed(self, name: str, stream: Watched, depth: int) -> None:
        """A file whose name is a key: its value, or the database of the whole (`pkg/snapshot/convert.go`)."""
        peeked = Peeked(cast(IO[bytes], stream))
        content = cast(IO[bytes], peeked)
        if kind_of(peeked.head) in ("database", "sqlite"):
            self._read(Watched(content, stream.where, stream), _within(name), depth + 1)
        else:
            self.keyed.add(name, content)

    def _zip(self, content: IO[bytes], stream: Watched, depth: int) -> None:
        """A zip has its directory at its end, so a stream must be written down first."""
        path = self._spool.take(content, ".zip").path
        if not zipfile.is_zipfile(path):
            raise ends_early(stream.where, stream.position, _NO_DIRECTORY)
        try:
            with zipfile.ZipFile(path) as archive:
                for entry in archive.infolist():
                    name = _within(entry.filename)
                    if name and not entry.is_dir():  # which fails for one without a name
                        with archive.open(entry) as file:
                            self._read(self._named(Watched(file, "", stream), name), name, depth + 1)
        except unpacking_errors() as error:
            raise stream.damaged(error) from None
        path.unlink()

    def _named(self, stream: Watched, name: str) -> Watched:
        """A file of an archive, by its name in errors."""
        stream.where = f"{self._spool.name} ({name})"
        return stream


def _within(name: str) -> str:
    """A name as it is joined to a folder; empty when it leads out of it."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part != "."]
    return "" if not parts or (parts[0] == "/" and len(parts) < 2) or ".." in parts else "/".join(parts).lstrip("/")


def opened_path(unpacking: Unpacking, spool: Spool, form: str) -> tuple[Path, Spooled | None]:
    """
    What to open of what was unpacked: a data directory, or a file.

    Raises:
        DamagedStore: there is no store in what is left of it.
        NotADatabase: there is no store.
        UsageError: there are several.
    """
    if spool.damage and not (unpacking.contents.directories or unpacking.contents.files):
        raise DamagedStore(f"no store is in what is left of it: {spool.damage[0].message}", where=spool.name)
    name = unpacking.contents.only(spool.name, form)
    return spool.path / name, unpacking.files.get(name)


__all__ = ["Peeked", "Unpacking", "opened_path"]
