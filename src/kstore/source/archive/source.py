"""
A store that is opened out of what holds it: unpacked into a temporary folder, which lives as long as the source.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

from kstore.source.archive.contents import kind_of
from kstore.source.archive.keyed import KeyedSource
from kstore.source.archive.spool import Progress, Spool, Spooled
from kstore.source.archive.unpack import Unpacking, opened_path
from kstore.source.bbolt.database import Damage
from kstore.source.interface import Source
from kstore.source.snapshot.source import SnapshotSource


class ArchivedSource(SnapshotSource):
    """
    A snapshot, database or data directory that was unpacked.

    Args:
        shown: what the user named.
        unpacked: what is opened of it.
        spool: where that is; closed with the source.
        spooled: the file that was written, whose checksum has been computed on the way; None for a data directory.
        salvage: as `SnapshotSource`.
        wal: as `SnapshotSource`.
    """

    def __init__(
        self, shown: str, unpacked: Path, spool: Spool, spooled: Spooled | None, *, salvage: bool, wal: bool
    ) -> None:
        self._spool = spool
        super().__init__(unpacked, salvage=salvage, wal=wal, memory=spooled, shown=shown)

    @property
    def damage(self) -> list[Damage]:
        """What of the store could not be unpacked or read."""
        return [*self._spool.damage, *super().damage]

    def close(self) -> None:
        """Close the file and remove it; harmless when called twice."""
        super().close()
        self._spool.close()


def open_stream(
    stream: IO[bytes],
    shown: str,
    *,
    member: str = "",
    salvage: bool = False,
    wal: bool = False,
    progress: Progress | None = None,
) -> Source:
    """
    Open the store in a stream, whatever it is wrapped in.

    Args:
        stream: read once, to its end.
        shown: what the user named.
        member: which file or data directory of an archive is meant; empty if there is only one.
        salvage: as `SnapshotSource`; also of a stream that breaks off, read what comes before.
        wal: as `SnapshotSource`.
        progress: told of the bytes that have been unpacked.

    Raises:
        DamagedStore: it is damaged, or breaks off.
        NotADatabase: there is no store in it.
        SourceError: there is no room to unpack it.
        UsageError: there are several stores in it.
    """
    spool = Spool(shown, progress, salvage=salvage)
    try:
        unpacking = Unpacking(spool, member)
        unpacking.read(stream)
        if len(unpacking.keyed) and not unpacking.files:
            return KeyedSource(unpacking.keyed, spool, shown)
        path, spooled = opened_path(unpacking, spool, f"{shown}!{{}}")
        if path.is_file() and kind_of(path.open("rb").read(64)) == "sqlite":
            from kstore.source.sqlite.source import SqliteSource

            return SqliteSource(path, shown=shown, on_close=spool.close)
        return ArchivedSource(shown, path, spool, spooled, salvage=salvage, wal=wal)
    except BaseException:
        spool.close()
        raise
