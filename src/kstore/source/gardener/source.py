"""
A full snapshot with its deltas, as one database of etcd's.

The events are put into a copy of the full snapshot as etcd put them into its own, each at its own revision: what comes
of it is a snapshot with its history, which all that reads or writes files can take. Memory does not grow with it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from kstore.errors import DamagedStore
from kstore.operating_system import write_at
from kstore.records import Record
from kstore.source.archive.source import ArchivedSource
from kstore.source.archive.spool import Progress, Spool, Spooled
from kstore.source.archive.unpack import Unpacking, opened_path
from kstore.source.bbolt.database import Damage
from kstore.source.bbolt.writer import BucketAppender, DatabaseCopy
from kstore.source.gardener.delta import read_delta
from kstore.source.gardener.names import Chain, Piece
from kstore.source.interface import Source
from kstore.source.mvcc.key_value import encode_key_value, revision_key
from kstore.source.snapshot.source import SnapshotSource

OpenPiece = Callable[[Piece], AbstractContextManager[IO[bytes]]]
"""Opens the file of a snapshot."""
_BUCKET = b"key"


def open_chain(
    chain: Chain, open_piece: OpenPiece, shown: str, *, salvage: bool = False, progress: Progress | None = None
) -> Source:
    """
    Open a backup as of the end of its deltas.

    Args:
        chain: what it is made of.
        open_piece: how a part of it is read.
        shown: what people call it.
        salvage: as `SnapshotSource`; of a delta that is damaged, go as far as the one before.
        progress: told of the bytes of the full snapshot that have been unpacked.

    Raises:
        DamagedStore: a part of it is damaged, or is not what its name says.
        SourceError: a part cannot be read, or there is no room for it.
    """
    spool = Spool(shown, progress, salvage=salvage)
    try:
        path, spooled = _full(chain.full, open_piece, spool)
        if chain.deltas:
            with SnapshotSource(path, salvage=salvage, memory=spooled, shown=shown) as full:
                full.verify()
                spool.damage += full.damage
                spooled = _with_deltas(full, chain, open_piece, spool, salvage)
            path.unlink()
            path = spooled.path
        source = ArchivedSource(shown, path, spool, spooled, salvage=salvage, wal=False)
    except BaseException:
        spool.close()
        raise
    names = f"{chain.full.path} and {len(chain.deltas)} deltas, up to revision {source.mvcc.current_revision}"
    source.notes = (f"the backup is {names}", *source.notes)
    return source


def _full(piece: Piece, open_piece: OpenPiece, spool: Spool) -> tuple[Path, Spooled | None]:
    unpacking = Unpacking(spool)
    with open_piece(piece) as stream:
        unpacking.read(stream)
    return opened_path(unpacking, spool, "{}")


def _with_deltas(full: SnapshotSource, chain: Chain, open_piece: OpenPiece, spool: Spool, salvage: bool) -> Spooled:
    """Write the database with its deltas, and the checksum that a snapshot ends with."""
    path = spool.path / "with-deltas.db"
    with path.open("xb+") as file:
        copy = DatabaseCopy(full.database, file.fileno())
        bucket = full.mvcc.buckets[_BUCKET]
        appender = BucketAppender(copy, bucket)
        revision = full.mvcc.current_revision
        for piece in chain.deltas:
            try:
                revision = _append(piece, open_piece, appender, revision)
            except DamagedStore as error:
                if not salvage:
                    raise
                spool.damage.append(Damage(0, f"{piece.path}: {error.message}", f"what changed after {revision}"))
                break
        copy.set_bucket_root(_BUCKET, appender.finish(), bucket.sequence)
        size = copy.next_page * full.database.page_size
        os.truncate(file.fileno(), size)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").digest()
        write_at(file.fileno(), digest, size)
    return Spooled(path, size + len(digest), digest)


def _append(piece: Piece, open_piece: OpenPiece, appender: BucketAppender, revision: int) -> int:
    """
    Add the events of a delta that are later than a revision; the revision that is reached.

    A full snapshot may hold more than its name says, so that the first delta begins before its end (`restorer.go`:
    `applyFirstDeltaSnapshot`); after each the store must be where the delta's name says (`verifySnapshotRevision`).
    """
    with _named(piece), open_piece(piece) as stream:
        events = [event for event in read_delta(stream, piece.path) if event[0] > revision]
    sub = 0
    for main, key, record in events:
        if main not in (revision, revision + 1):
            raise DamagedStore(f"revision {main} comes after {revision}", where=piece.path)
        sub = sub + 1 if main == revision else 0
        revision = main
        value = encode_key_value(record or Record(key, b"", 0, 0, 0))
        appender.append(revision_key(main, sub, tombstone=record is None), value)
    if revision < piece.last:
        raise DamagedStore(f"it ends with revision {revision}, its name says {piece.last}", where=piece.path)
    return revision


@contextmanager
def _named(piece: Piece) -> Iterator[None]:
    """Errors of a file's, with the file."""
    try:
        yield
    except OSError as error:
        raise DamagedStore(f"it cannot be read: {error.strerror or error}", where=piece.path) from None


__all__ = ["OpenPiece", "open_chain"]
