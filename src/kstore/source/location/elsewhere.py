"""
Stores that are fetched, and stores in several parts: what is read of them, and how.

Knows where the parts of one are, on this machine or elsewhere. Knows nothing of addresses of running servers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from kstore.source.gardener.names import Piece, chain_of, is_backup
from kstore.source.interface import Source
from kstore.source.options import SourceOptions
from kstore.source.remote.address import is_folder, is_remote


def open_remote(address: str, options: SourceOptions) -> Source:
    """
    Open a file of a bucket or of a web server, fetched once, or the backup in a bucket's folder.

    Raises:
        SourceError: it cannot be fetched or read.
        UsageError: several stores may be meant.
    """
    from kstore.source.archive.source import open_stream
    from kstore.source.remote.fetch import fetched, files_below, only

    if is_folder(address):
        files = files_below(address, options)
        names = [one.address for one in files]
        if is_backup(names):
            return open_backup(names, address, options)
        address = only(files, address)
    with fetched(address, options) as found:
        source = open_stream(found.stream, found.shown, member=found.member, salvage=options.salvage, wal=options.wal)
        source.file_sha256 = found.sha256()
    return source


def open_backup(files: Iterable[str], shown: str, options: SourceOptions) -> Source:
    """
    Open the newest full snapshot of etcd-backup-restore's among files, or that before a revision, with its deltas.

    Raises:
        SourceError: a part is missing, damaged, or cannot be read.
        UsageError: there are backups of several etcds.
    """
    from kstore.source.gardener.source import open_chain

    return open_chain(
        chain_of(files, shown, options.revision),
        lambda piece: _part(piece, options),
        shown,
        salvage=options.salvage,
        progress=options.unpacking,
    )


@contextmanager
def _part(piece: Piece, options: SourceOptions) -> Iterator[IO[bytes]]:
    """A file of a backup."""
    if not is_remote(piece.path):
        with open(piece.path, "rb") as stream:
            yield stream
        return
    from kstore.source.remote.fetch import fetched

    with fetched(piece.path, options) as found:
        yield found.stream


__all__ = ["open_backup", "open_remote"]
