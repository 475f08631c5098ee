"""
The data directory of an etcd member: which file in it is the database.

Knows where etcd keeps things (`server/config/config.go`), and when it starts from a database that its leader sent it
(`server/storage/backend.go`, `RecoverSnapshotBackend`; `server/etcdserver/bootstrap.go`, `recoverSnapshot`). Knows
nothing of what a database holds but the index of the last entry that it has.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from kstore.errors import KstoreError, StoreNotFound
from kstore.operating_system import is_locked
from kstore.similar import question
from kstore.source.bbolt.database import Database
from kstore.source.bbolt.page_file import PageFile

_FOLDERS = ("member/snap", "snap", "")
"""Where the database is, from the data directory, `member` or `snap`."""
_SNAPSHOT = re.compile(r"[0-9a-f]{16}-([0-9a-f]{16})\.snap")
"""What a member notes of a snapshot: the term and index of its last entry (`server/etcdserver/api/snap`)."""
_RECEIVED = re.compile(r"([0-9a-f]{16})\.snap\.db")
"""A database that the leader sent, by the same index."""


class Found(NamedTuple):
    """The database of a directory."""

    path: Path
    note: str = ""
    """What a reader should know of the choice."""


def find_database(path: Path) -> Found:
    """
    The database at a path: the path itself, or in a data directory the one that its etcd would start from.

    That is `db`, unless the member has noted a snapshot that is newer: it was ended between receiving a database from
    its leader and putting it in the place of its own.

    Raises:
        StoreNotFound: there is nothing, or a directory without one.
    """
    if not path.is_dir():
        if path.exists():
            return Found(path)
        raise StoreNotFound("there is no such file", where=str(path))
    for folder in (path / name for name in _FOLDERS):
        received = {
            int(match[1], 16): each for each in folder.glob("*.snap.db") if (match := _RECEIVED.fullmatch(each.name))
        }
        database = folder / "db"
        if received:
            return _started_from(database, received)
        if database.is_file():
            return Found(database)
    nested = sorted(path.glob("*/member/snap/db"))
    hint = question(str(nested[0].parents[2])) if nested else "an etcd data directory has member/snap/db"
    raise StoreNotFound("there is no etcd database in this directory", where=str(path), hint=hint)


def _started_from(database: Path, received: dict[int, Path]) -> Found:
    """Which of a member's own database and those that it received its etcd would start from."""
    index = _consistent_index(database)
    newest = _noted_snapshot(database.parent, index) if index is not None else 0
    sent = received.get(newest)
    own = f"the member's own db has it up to entry {index}" if index else "the member has no db of its own"
    if sent is not None:
        return Found(
            sent,
            f"etcd would start from {sent.name}, so this is what is read: the leader sent it, it has the log up to"
            f" entry {newest}, {own}",
        )
    if newest:
        note = f"etcd would not start from this: it has noted a snapshot of entry {newest}, {own}, and there is no"
        return Found(database, f"{note} {newest:016x}.snap.db")
    if database.is_file():
        names = ", ".join(sorted(path.name for path in received.values()))
        return Found(database, f"beside db there is {names}, which etcd would not start from: db is read")
    raise StoreNotFound(
        "there is no etcd database in this directory but what a leader sent, and nothing that notes it",
        where=str(database.parent),
        hint=f"to read it all the same, name the file: {received[max(received)]}",
    )


def _consistent_index(database: Path) -> int | None:
    """The index of the last entry that a database has; 0 without one, None where etcd runs or it cannot be read."""
    if not database.is_file():
        return 0
    try:
        file = PageFile.open(database)
    except OSError:
        return None
    try:
        if is_locked(file.descriptor):
            return None
        bucket = Database(file).bucket(b"meta")
        return int.from_bytes(bucket.get(b"consistent_index") or b"", "big") if bucket else 0
    except KstoreError:
        return None
    finally:
        file.close()


def _noted_snapshot(folder: Path, index: int) -> int:
    """
    The newest snapshot after an entry that the member has noted, in a file and in its log; 0 when there is none.

    `Snapshotter.LoadNewestAvailable` takes only what is in both, and was committed: files may be there that the
    member had no time to note. Of a folder without its log, the files must do.
    """
    noted = sorted(_numbered(folder, _SNAPSHOT), reverse=True)
    newer = [each for each in noted if each > index]
    log = folder.parent / "wal"
    if newer and log.is_dir():
        from kstore.source.wal.segments import read_log

        committed = read_log(log, index, salvage=True).snapshots
        newer = [each for each in newer if each in committed]
    return newer[0] if newer else 0


def _numbered(folder: Path, name: re.Pattern[str]) -> dict[int, Path]:
    """The files of a folder whose names are such, by the index in them."""
    if not folder.is_dir():
        return {}
    return {int(match[1], 16): each for each in folder.iterdir() if (match := name.fullmatch(each.name))}


__all__ = ["Found", "find_database"]
