"""Segments of a write-ahead log, made by hand: what a crash, a new leader and damage leave in them."""

from __future__ import annotations

import os
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kstore.errors import DamagedStore, SourceError
from kstore.source.wal.crc32c import extend_slowly, extender
from kstore.source.wal.segments import CRC, ENTRY, METADATA, SNAPSHOT, STATE, read_log
from kstore.wire import delimited, tag, varint


def number(field: int, value: int) -> bytes:
    """A field of a number."""
    return tag(field, 0) + varint(value)


def entry(index: int, term: int = 1, data: bytes = b"data") -> tuple[int, bytes]:
    """A record of an entry."""
    return ENTRY, number(1, 0) + number(2, term) + number(3, index) + delimited(4, data)


def state(commit: int) -> tuple[int, bytes]:
    """A record of how far the log is committed."""
    return STATE, number(1, 1) + number(2, 0) + number(3, commit)


class Segments:
    """Writes segments as `wal.encoder` does: frames filled to eight bytes, one checksum through all records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.crc = 0
        self.count = 0

    def add(self, first: int, records: list[tuple[int, bytes]], *, room: int = 4096) -> Path:
        """Write the next segment, with zeroes after its records."""
        data = bytearray(self._frame(CRC, b""))
        data += self._frame(METADATA, b"member")
        for kind, content in records:
            data += self._frame(kind, content)
        path = self.folder / f"{self.count:016x}-{first:016x}.wal"
        self.count += 1
        path.write_bytes(data + bytes(room))
        return path

    def _frame(self, kind: int, content: bytes) -> bytes:
        if kind != CRC:
            self.crc = extend_slowly(self.crc, content)
        record = number(1, kind) + number(2, self.crc) + (delimited(3, content) if content else b"")
        padding = -len(record) % 8
        return struct.pack("<Q", len(record) | ((0x80 | padding) << 56 if padding else 0)) + record + bytes(padding)


def indexes(folder: Path, after: int = 0) -> list[int]:
    """The indexes of the entries that are read."""
    return [each.index for each in read_log(folder, after).entries]


def test_segments_in_their_order(tmp_path: Path) -> None:
    """All entries of all segments, with how far they are committed; files of other names are none."""
    segments = Segments(tmp_path)
    segments.add(0, [entry(1), entry(2), state(2)])
    segments.add(3, [entry(3), (SNAPSHOT, number(1, 2) + number(2, 1)), entry(4), state(3)], room=0)
    (tmp_path / "0.tmp").write_bytes(b"x")
    (tmp_path / "0000000000000000-0000000000000000.wal.broken").write_bytes(b"x")
    log = read_log(tmp_path, 0)
    assert [each.index for each in log.entries] == [1, 2, 3, 4]
    assert (log.commit, max(log.snapshots), log.damage) == (3, 2, [])
    assert log.entries[3].data == b"data"


def test_only_what_is_needed(tmp_path: Path) -> None:
    """Entries before the one asked for are left out, and segments of nothing else are not even read."""
    segments = Segments(tmp_path)
    segments.add(0, [entry(1), entry(2)]).write_bytes(b"garbage")
    segments.add(3, [entry(3), entry(4)])
    segments.add(5, [entry(5)])
    assert indexes(tmp_path, 4) == [4, 5]


def test_a_later_leader_replaces_entries(tmp_path: Path) -> None:
    """An index that comes again replaces what was there, and all after it."""
    segments = Segments(tmp_path)
    segments.add(0, [entry(1), entry(2), entry(3), entry(4)])
    segments.add(5, [entry(3, 2, b"new"), state(3)])
    log = read_log(tmp_path, 0)
    assert [(each.index, each.term) for each in log.entries] == [(1, 1), (2, 1), (3, 2)]


def test_a_snapshot_that_was_not_committed(tmp_path: Path) -> None:
    """A snapshot's record only counts once its index is committed."""
    Segments(tmp_path).add(0, [entry(1), (SNAPSHOT, number(1, 9)), (SNAPSHOT, number(1, 1)), state(1)])
    assert max(read_log(tmp_path, 0).snapshots) == 1


@pytest.mark.parametrize("cut", [1, 20, 100, 300])
def test_a_torn_end(tmp_path: Path, cut: int) -> None:
    """What a crash left of the last record, cut off or with sectors of zeroes, ends the log without an error."""
    path = Segments(tmp_path).add(0, [entry(1), entry(2, data=b"x" * 3000)], room=0)
    data = path.read_bytes()
    path.write_bytes(data[:-cut])
    assert indexes(tmp_path) == [1]
    path.write_bytes(data[: -1000 - cut] + bytes(1000 + cut))
    assert indexes(tmp_path) == [1]


def test_damage(tmp_path: Path) -> None:
    """A changed byte is an error with its place; salvage reads up to there and says what is not applied."""
    segments = Segments(tmp_path)
    first = segments.add(0, [entry(1), entry(2, data=b"y" * 50), entry(3)])
    segments.add(4, [entry(4)])
    data = bytearray(first.read_bytes())
    data[data.index(b"y" * 50) + 7] = 0
    first.write_bytes(data)
    with pytest.raises(DamagedStore, match="checksum"):
        read_log(tmp_path, 0)
    log = read_log(tmp_path, 0, salvage=True)
    assert [each.index for each in log.entries] == [1]
    assert "entries after 1" in log.damage[0].lost


def test_a_missing_segment(tmp_path: Path) -> None:
    """A segment that is missing between others, or a folder without any, is an error that says so."""
    with pytest.raises(SourceError, match="no segments"):
        read_log(tmp_path, 0)
    segments = Segments(tmp_path)
    segments.add(0, [entry(1)])
    segments.add(2, [entry(2)]).unlink()
    segments.add(3, [entry(3)])
    with pytest.raises(SourceError, match="missing"):
        read_log(tmp_path, 0)


@example(place=49, change=1, cut=0)
@given(place=st.integers(0, 700), change=st.integers(1, 255), cut=st.integers(0, 700))
def test_any_damage(tmp_path_factory: pytest.TempPathFactory, place: int, change: int, cut: int) -> None:
    """
    Whatever byte is changed, wherever the file ends: an error of ours, or true entries without a gap.

    No checksum covers a record's type: the first entry may be taken for something else, and the log begins with the
    second. That is for the replay to refuse, which knows where the database ends.
    """
    folder = tmp_path_factory.mktemp("wal")
    path = Segments(folder).add(0, [entry(index, data=b"%d" % index * 20) for index in range(1, 10)], room=64)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= change
    path.write_bytes(data[: max(len(data) - cut, 1)])
    log = read_log(folder, 0, salvage=True)
    first = log.entries[0].index if log.entries else 1
    assert first <= 2
    assert [(each.index, each.data) for each in log.entries] == [
        (index, b"%d" % index * 20) for index in range(first, first + len(log.entries))
    ]


@given(st.binary(), st.binary())
def test_the_checksum(first: bytes, second: bytes) -> None:
    """CRC-32C by its published check value; in Python as in C, also in parts."""
    assert extend_slowly(0, b"123456789") == 0xE3069283
    assert extend_slowly(extend_slowly(0, first), second) == extender()(0, first + second)


def test_a_segment_of_any_size(tmp_path: Path) -> None:
    """A hole of 60 GB behind the records costs nothing, nor does a record that claims to fill it: memory is bounded."""
    segments = Segments(tmp_path)
    first = segments.add(0, [entry(1), entry(2), state(2)])
    end = first.stat().st_size - 4096
    for path in (first, segments.add(3, [entry(3), state(3)])):
        os.truncate(path, 60 << 30)
    tracemalloc.start()
    try:
        assert indexes(tmp_path) == [1, 2, 3]
        for size, reason in ((50 << 30, "the most that is read"), (1 << 55, "over the segment's end")):
            with first.open("r+b") as file:
                file.seek(end)
                file.write(struct.pack("<Q", size))
            with pytest.raises(DamagedStore, match=reason) as caught:
                read_log(tmp_path, 0)
            assert caught.value.offset == end
            assert [one.index for one in read_log(tmp_path, 0, salvage=True).entries] == [1, 2]
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


@pytest.mark.timeout(20)
def test_a_segment_that_is_no_file(tmp_path: Path) -> None:
    """A named pipe where a segment belongs is an error that names it, not a wait."""
    segments = Segments(tmp_path)
    segments.add(0, [entry(1)])
    path = segments.add(2, [entry(2)])
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SourceError, match="a named pipe") as caught:
        read_log(tmp_path, 0)
    assert caught.value.where == str(path)


@pytest.mark.parametrize(("shift", "torn"), [(0, True), (8, False), (-8, False)])
def test_a_sector_that_never_reached_the_disk(tmp_path: Path, shift: int, torn: bool) -> None:
    """Sectors are those of the file, wherever a record begins; as many zeroes elsewhere are damage."""
    path = Segments(tmp_path).add(0, [entry(1), entry(2, data=b"x" * 3000)], room=0)
    data = bytearray(path.read_bytes())
    data[1024 + shift : 1536 + shift] = bytes(512)
    path.write_bytes(data)
    if torn:
        assert indexes(tmp_path) == [1]
    else:
        with pytest.raises(DamagedStore, match="checksum"):
            indexes(tmp_path)
