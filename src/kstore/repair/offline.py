"""
Keys put, changed and deleted in a file: a new database with the changes, the file itself stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kstore.errors import NotCopyable, UsageError
from kstore.source.interface import Source, WritableSource
from kstore.source.snapshot.source import SnapshotSource
from kstore.write.compare_and_swap import KeyChange
from kstore.write.offline import FileLog, Written, write_copy

_ELSEWHERE = {
    "sqlite": "serve a copy of it with kine (`kine --endpoint sqlite://FILE`), and name kine's address as the store",
    "directory": "restore it into an etcd, and change it there",
}
"""Where a change can be made to what is no database of etcd's, by the store's kind."""


def copyable(source: Source) -> SnapshotSource:
    """
    The store as one whose database can be copied with changes.

    Raises:
        UsageError: it is a running store, which is changed in place.
        NotCopyable: it is a file or directory, but holds no database of etcd's.
    """
    if isinstance(source, WritableSource):
        raise UsageError("a running store is written itself, not copied", hint="leave `output=` out")
    if not isinstance(source, SnapshotSource):
        status = source.status()
        raise NotCopyable(
            f"this store ({status.kind}) has no etcd database that could be copied with changes",
            where=status.location,
            kind=status.kind,
            hint=_ELSEWHERE.get(status.kind, ""),
        )
    return source


def write_changes(
    source: SnapshotSource,
    changes: Sequence[KeyChange],
    output: Path,
    log: FileLog[KeyChange],
    *,
    finish: Callable[[], None] = lambda: None,
) -> Written:
    """
    Write a database with changes of single keys; what they do not name is as it was.

    As on a server, each has a revision of its own, in the order of the keys; what was there before stays as history. A
    deleted key leaves a tombstone, and its lease: which keys a lease has is known from the keys alone
    (`server/storage/mvcc/kvstore.go`, `restore`).

    Args:
        source: what is copied; see `copyable`.
        changes: at most one for each key.
        output: the new file; it appears whole or not at all.
        log: notes every change; it appears just before the output.
        finish: called before the log is published.

    Raises:
        Conflict: a key is not in the store as it was read, or is named twice.
        KstoreError: as `write_database`.
    """
    ordered = sorted(changes, key=lambda change: change.key)
    return write_copy(source, ordered, output, log, replaced_bytes=_replaced_bytes, finish=finish)


def _replaced_bytes(change: KeyChange) -> int:
    return len(change.before.value) if change.before else 0
