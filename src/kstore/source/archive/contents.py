"""
What in a folder or an archive is a store, told by how files begin and by the names that etcd gives its own.

Knows the marks of bbolt's and SQLite's files, of data directories, and the backup layouts of the distributions by their
common ground: a database file somewhere, called as they please.
"""

from __future__ import annotations

import operator
import re
import struct
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from kstore.errors import NotADatabase, UsageError
from kstore.source.archive.compression import begins, format_of
from kstore.source.bbolt.format import MAGIC, PAGE_HEADER

_SECOND_META = 4096
"""Where bbolt's second meta page is: at a page's size, which is that of the system's memory."""
HEAD = _SECOND_META + 64
"""As many bytes of a file as tell what it is."""
SQLITE = b"SQLite format 3\0"
_MEMBER = re.compile(r"(?:.*/)?member/(?:snap/(?:db|[^/]*\.snap(?:\.db)?)|wal/[^/]*\.wal)")
"""The files of a data directory that say what its store is."""
_SHOWN = 8
_ZIP = b"PK\x03\x04"
_TAR = b"ustar"
_TAR_AT = 257
_SUFFIXES = (".gz", ".tgz", ".zst", ".xz", ".txz", ".bz2", ".zip", ".tar")
"""How archives are called."""


def kind_of(head: bytes) -> str:
    """
    `database`, `sqlite`, `compressed`, `zip`, `tar` or nothing, by a file's first bytes.

    A database is one by the second of its meta pages too, which does where the first is damaged; so is a tar of whose
    mark one byte is damaged, as its header's checksum will tell.
    """
    if _is_meta(head, 0):
        return "database"
    if head.startswith(SQLITE):
        return "sqlite"
    if head.startswith(_ZIP):
        return "zip"
    if sum(map(operator.eq, head[_TAR_AT:], _TAR)) >= len(_TAR) - 1:
        return "tar"
    if format_of(head):
        return "compressed"
    return "database" if _is_meta(head, _SECOND_META) else ""


def _is_meta(head: bytes, page: int) -> bool:
    at = page + PAGE_HEADER.size
    return head[at : at + 4] == struct.pack("<I", MAGIC)


def is_beginning_of_archive(head: bytes) -> bool:
    """Whether a file of a few bytes is what is left of a compressed file or a zip."""
    return len(head) > 1 and (_ZIP.startswith(head) or begins(head))


def archive_suffix(name: str) -> str:
    """The end of a name that says archive; empty for any other."""
    return next((suffix for suffix in _SUFFIXES if name.lower().endswith(suffix)), "")


@dataclass(slots=True)
class Contents:
    """The stores that were found."""

    directories: set[str] = field(default_factory=set)
    """Data directories: what contains `member`."""
    files: list[str] = field(default_factory=list)
    """Snapshots, databases and SQLite files elsewhere."""

    def add(self, name: str, kind: str) -> None:
        """Take note of a file."""
        if _MEMBER.fullmatch(name):
            if PurePosixPath(name).parent.name == "snap" and name.endswith(("/db", ".snap.db")):
                self.directories.add(name[: name.rindex("member/")].rstrip("/"))
        elif kind in ("database", "sqlite"):
            self.files.append(name)

    def only(self, where: str, form: str) -> str:
        """
        The one store that there is.

        Args:
            where: what errors call the whole.
            form: how a part of it is named, with `{}` for the part.

        Raises:
            NotADatabase: there is none.
            UsageError: there are several.
        """
        found = sorted(self.directories) or sorted(self.files)
        if not found:
            raise NotADatabase(
                "it contains no store of etcd, and is no export of kstore",
                where=where,
                hint="a snapshot, member/snap/db or K3s' state.db is expected",
            )
        if len(found) > 1:
            names = ", ".join(found[:_SHOWN]) + (" …" if len(found) > _SHOWN else "")
            raise UsageError(
                f"there are {len(found)} stores in it: {names}",
                where=where,
                hint=f"name one: `address={form.format(found[-1])!r}`",
            )
        return found[0]


def is_member_file(name: str) -> bool:
    """Whether a file is one that a data directory's store is made of."""
    return bool(_MEMBER.fullmatch(name))


__all__ = ["HEAD", "Contents", "archive_suffix", "is_beginning_of_archive", "is_member_file", "kind_of"]
