"""
The write-ahead log of an etcd member: its segments, records and checksums, read as a member reads them when it starts.

Knows the file format (`server/storage/wal`, `walpb/record.proto`, `raftpb/raft.proto`): frames of eight bytes, a CRC
that runs through all records, segments that are filled with zeroes, a last record that a crash tore. Knows nothing of
what an entry asks for. Only reads: nothing is repaired, locked or cut.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from kstore.errors import DamagedStore, SourceError
from kstore.regular_file import open_regular
from kstore.source.bbolt.database import Damage
from kstore.source.wal.crc32c import extender
from kstore.source.wal.raft_request import Message
from kstore.wire import WireFault

METADATA, ENTRY, STATE, CRC, SNAPSHOT = 1, 2, 3, 4, 5
"""The types of records (`wal.go`)."""
NORMAL, CONF_CHANGE, CONF_CHANGE_V2 = 0, 1, 2
"""The types of entries (`raftpb.EntryType`)."""

_FRAME = struct.Struct("<Q")
_LENGTH_BITS = (1 << 56) - 1
_SECTOR = 512
LARGEST_RECORD = 64 << 20
"""
Bytes of a record, most of which are one request. etcd itself only asks that a record ends within its segment, and a
segment's end may be a hole of any size; 64 MiB is a whole segment (`SegmentSizeBytes`), and etcd warns where requests
of more than 10 MiB are allowed.
"""
_SEGMENT = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})\.wal")
"""The number of the segment, and the index of the first entry that is written to it."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the raft log."""

    index: int
    term: int
    type: int
    data: bytes


@dataclass(slots=True)
class Log:
    """What the log holds after some entry."""

    entries: list[LogEntry] = field(default_factory=list)
    """In order, without gaps; those that a later leader replaced are gone."""
    commit: int = 0
    """The last index that is known to be committed."""
    snapshots: frozenset[int] = frozenset()
    """The last entries of the snapshots that the member noted and that were committed."""
    damage: list[Damage] = field(default_factory=list)


def read_log(folder: Path, after: int, *, salvage: bool = False) -> Log:
    """
    Read the entries from index `after` (inclusive, if it is still there) on.

    Args:
        folder: where the segments are, such as `member/wal`.
        after: the entry that the database has been brought to.
        salvage: stop at the first thing wrong and note it, instead of raising.

    Raises:
        DamagedStore: a checksum does not hold, or a record is none.
        SourceError: there are no segments, or one is missing.
    """
    paths = _segments(folder, after)
    log = Log()
    snapshots: list[int] = []
    position = _Position(paths[0].name)
    try:
        for kind, data in _records(paths, position):
            _add(log, snapshots, kind, data, after)
    except (WireFault, _Broken) as error:
        last = log.entries[-1].index if log.entries else after
        message = f"{position.segment}: {error}"
        if not salvage:
            raise DamagedStore(
                f"{message} (byte {position.offset})",
                where=str(folder),
                hint="salvage reads the log up to there",
                offset=position.offset,
            ) from None
        log.damage.append(Damage(position.offset, message, f"the changes of the log's entries after {last}"))
    log.snapshots = frozenset(index for index in snapshots if index <= log.commit)
    return log


class _Broken(Exception):
    """A record that does not hold."""


@dataclass(slots=True)
class _Position:
    """Where the reader is, for errors."""

    segment: str
    offset: int = 0


def _segments(folder: Path, after: int) -> list[Path]:
    """The segments that are needed, in order (`selectWALFiles`)."""
    found = sorted((match, path) for path in folder.iterdir() if (match := _name(path)))
    if not found:
        raise SourceError("there are no segments of a write-ahead log", where=str(folder))
    first = max((place for place, ((_, index), _) in enumerate(found) if index <= after), default=0)
    needed = found[first:]
    for (earlier, _), (later, path) in pairwise(needed):
        if later[0] != earlier[0] + 1:
            raise SourceError(f"the segment before {path.name} is missing", where=str(folder))
    return [path for _, path in needed]


def _name(path: Path) -> tuple[int, int] | None:
    match = _SEGMENT.fullmatch(path.name)
    return (int(match[1], 16), int(match[2], 16)) if match else None


def _add(log: Log, snapshots: list[int], kind: int, data: bytes, after: int) -> None:
    """Take one record to the log."""
    if kind == METADATA:
        return
    message = Message(data)
    if kind == ENTRY:
        entry = LogEntry(message.number(3), message.number(2), message.number(1), message.data(4))
        if entry.index >= after:
            _append(log, entry)
    elif kind == STATE:
        log.commit = message.number(3)
    elif kind == SNAPSHOT:
        snapshots.append(message.number(1))


def _append(log: Log, entry: LogEntry) -> None:
    """An entry with an index that is there replaces it and all after it: they were never committed."""
    if log.entries:
        place = entry.index - log.entries[0].index
        if place > len(log.entries):
            raise _Broken(f"entry {entry.index} follows on entry {log.entries[-1].index}")
        del log.entries[max(place, 0) :]
    log.entries.append(entry)


def _records(paths: list[Path], position: _Position) -> Iterator[tuple[int, bytes]]:
    """The records of all segments with their types, each checked; the CRC runs on from segment to segment."""
    extend = extender()
    crc = 0
    for path in paths:
        position.segment, position.offset = path.name, 0
        with _opened(path) as file:
            for kind, stored, data in _segment_records(file, path == paths[-1], position, extend, crc):
                if kind == CRC:
                    if crc not in (0, stored):
                        raise _Broken(f"the checksum so far is {crc:08x}, the record says {stored:08x}")
                    crc = stored
                else:
                    crc = stored
                    if kind not in (METADATA, ENTRY, STATE, SNAPSHOT):
                        raise _Broken(f"a record of type {kind}")
                    yield kind, data


def _opened(path: Path) -> BinaryIO:
    try:
        return open_regular(path)
    except OSError as error:
        raise SourceError(f"the segment cannot be read: {error.strerror}", where=str(path)) from error


def _segment_records(
    file: BinaryIO, last: bool, position: _Position, extend: Callable[[int, bytes], int], crc: int
) -> Iterator[tuple[int, int, bytes]]:
    """One segment's records: type, checksum, data; ends where only zeroes follow, or at a torn record of the last."""
    length = os.fstat(file.fileno()).st_size
    offset = 0
    while len(head := file.read(_FRAME.size)) == _FRAME.size:
        position.offset = offset
        (frame,) = _FRAME.unpack(head)
        if frame == 0:
            return
        size = frame & _LENGTH_BITS
        whole = size + (frame >> 56 & 7 if frame >> 63 else 0)
        begin = offset + _FRAME.size
        if begin + whole > length:
            if last:
                return
            raise _Broken(f"a record of {size} bytes runs over the segment's end")
        if size > LARGEST_RECORD:
            raise _Broken(f"a record of {size} bytes, the most that is read is {LARGEST_RECORD}")
        content = file.read(whole)
        try:
            if len(content) < whole:
                raise _Broken(f"the segment was cut short while it was read, at byte {begin + len(content)}")
            message = Message(content[:size])
            kind, stored, data = message.number(1), message.number(2) & 0xFFFF_FFFF, message.data(3)
            if kind != CRC and (found := extend(crc, data)) != stored:
                raise _Broken(f"a record's checksum is {found:08x}, it says {stored:08x}")
        except (WireFault, _Broken):
            if last and _is_torn(content, begin):
                return
            raise
        crc = stored
        yield kind, stored, data
        offset = begin + whole


def _is_torn(content: bytes, begin: int) -> bool:
    """
    Whether a sector of the record is all zeroes: it never reached the disk (`decoder.isTornEntry`).

    Args:
        content: the record.
        begin: where in the segment it begins.
    """
    at = 0
    while at < len(content):
        stop = min(len(content), at + _SECTOR - (begin + at) % _SECTOR)
        if not any(content[at:stop]):
            return True
        at = stop
    return False


__all__ = ["CONF_CHANGE", "CONF_CHANGE_V2", "LARGEST_RECORD", "NORMAL", "Log", "LogEntry", "read_log"]
