"""
Which files a backup of etcd-backup-restore is made of, told by their names.

A name has the kind, the first and the last revision, the time and the compression (`pkg/types/snapstore.go`:
`GenerateSnapshotName`; `pkg/snapstore/snapshot.go`: `ParseSnapshot`): `Full-00000000-00000930-1700000000.gz`,
`Incr-00000931-00001004-1700000300.gz`. Knows nothing of what is in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from kstore.errors import DamagedStore, StoreNotFound, UsageError

_NAME = re.compile(r"(Full|Incr)-(\d+)-(\d+)-(\d+)(\.\w+)?(\.final)?")
_BY_DATE = re.compile(r"Backup-\d+")
"""Folders of the older layout (v1), one for each full snapshot."""
_LZW = ".Z"


@dataclass(frozen=True, slots=True)
class Piece:
    """A full or a delta snapshot."""

    path: str
    """Its name, with the folders it is in."""
    full: bool
    first: int
    """The first revision of a delta; 0 of a full snapshot."""
    last: int
    """The last revision; a full snapshot may hold later ones (`takeFullSnapshot`)."""
    created: int
    """Seconds since 1970."""

    @property
    def folder(self) -> str:
        """The backup that it is a part of."""
        parent = PurePosixPath(self.path).parent
        return str(parent.parent if _BY_DATE.fullmatch(parent.name) else parent)


@dataclass(frozen=True, slots=True)
class Chain:
    """A full snapshot, and the delta snapshots on top of it, oldest first."""

    full: Piece
    deltas: tuple[Piece, ...]


def parse_name(path: str) -> Piece | None:
    """The snapshot that a file is by its name; None for any other file."""
    match = _NAME.fullmatch(PurePosixPath(path).name)
    if match is None:
        return None
    kind, first, last, created, *_ = match.groups()
    return Piece(path, kind == "Full", int(first), int(last), int(created))


def is_backup(paths: Iterable[str]) -> bool:
    """Whether there are snapshots among files."""
    return any(parse_name(path) for path in paths)


def chain_of(paths: Iterable[str], where: str, revision: int = 0) -> Chain:
    """
    The newest backup among files, or that by which a revision is reached.

    Args:
        paths: the files; any others are passed over.
        where: what errors call the whole.
        revision: the newest full snapshot that is not later, and the deltas up to it; 0 for the newest of all.

    Raises:
        DamagedStore: revisions are missing between a snapshot and the next.
        StoreNotFound: there is no full snapshot, or none so early.
        UsageError: there are backups of several etcds.
    """
    pieces = sorted(filter(None, map(parse_name, paths)), key=lambda one: (one.last, one.created))
    folders = sorted({one.folder for one in pieces})
    if len(folders) > 1:
        raise UsageError(
            f"there are backups of {len(folders)} etcds in it: {', '.join(folders)}",
            where=where,
            hint=f"name the folder of one: {folders[-1]}",
        )
    fulls = [one for one in pieces if one.full and (not revision or one.last <= revision)]
    if not fulls:
        early = f" as early as revision {revision}" if revision else ""
        raise StoreNotFound(f"there is no full snapshot{early} in it", where=where)
    full = fulls[-1]
    end, deltas = full.last, list[Piece]()
    for one in pieces:
        if one.full or one.last <= full.last or (revision and end >= revision):
            continue
        if one.first > end + 1:
            raise DamagedStore(
                f"revisions {end + 1} to {one.first - 1} are in no snapshot: one before {one.path} is missing",
                where=where,
                hint=f"as of revision {end} it is whole",
            )
        deltas.append(one)
        end = one.last
    return Chain(full, tuple(deltas))


__all__ = ["Chain", "Piece", "chain_of", "is_backup", "parse_name"]
