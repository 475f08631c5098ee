"""
The journal: whole, torn, damaged.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import stat
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kstore.errors import JournalError
from kstore.migrate import journal_writer
from kstore.migrate.journal import Batch, Entry, Journal, Note
from kstore.migrate.journal_format import LINES, OBJECT, OPTIONAL
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.summary import Summary
from kstore.records import Record
from kstore.write.compare_and_swap import KeyChange

from .conftest import FaultySource


@pytest.fixture
def changes(planner, shop: FaultySource):
    return [step for step in planner.plan(shop.scan()) if hasattr(step, "value")]


@pytest.fixture
def written(changes, tmp_path):
    """A journal of a done batch, an undone one and an open one."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {"store": "memory"})
    writer.done(writer.begin(changes[:2]), 9)
    writer.undone(writer.begin(changes[2:3]), "conflict")
    writer.begin(changes[3:5])
    writer.close()
    return path


def test_what_was_written_is_read(written, changes):
    """Batches with their ends, and every object as it was."""
    journal = Journal(written)
    assert journal.header["store"] == "memory"
    assert list(journal.batches()) == [
        Batch(1, tuple(map(Entry.of, changes[:2])), 9),
        Batch(2, tuple(map(Entry.of, changes[2:3])), 0, reason="conflict"),
        Batch(3, tuple(map(Entry.of, changes[3:5]))),
    ]
    assert written.stat().st_mode & 0o777 == 0o600


def test_a_torn_last_line_never_was(written, changes):
    """Whatever of the last line a crash left, the rest is read, and writing goes on behind it."""
    whole = written.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in (last, last + 1, len(whole) - 1):
        written.write_bytes(whole[:cut])
        assert [batch.number for batch in Journal(written).batches()] == [1, 2]
        writer = JournalWriter(written, None)
        writer.done(writer.begin(changes[5:6]), 12)
        writer.close()
        assert [(batch.number, batch.revision) for batch in Journal(written).batches()] == [(1, 9), (2, 0), (3, 12)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_damage_is_found(written, data):
    """A byte that flips anywhere but in the last line is an error that names the line, never another content."""
    whole = written.read_bytes()
    place = data.draw(st.integers(0, whole.rstrip(b"\n").rfind(b"\n") - 1))
    path = written.with_name("damaged")
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(JournalError):
        list(Journal(path).batches())


def test_what_is_no_journal(tmp_path):
    """No file, another file, a later version, a name that is taken."""
    with pytest.raises(JournalError, match="no such journal"):
        Journal(tmp_path / "none")
    other = tmp_path / "other"
    for text in ("hello\n", "hello\nthere\n"):
        other.write_text(text)
        with pytest.raises(JournalError, match="no journal"):
            Journal(other)
    JournalWriter(tmp_path / "taken", {}).close()
    with pytest.raises(JournalError, match="already"):
        JournalWriter(tmp_path / "taken", {})
    with pytest.raises(JournalError):
        JournalWriter(tmp_path / "none", None)


def test_a_journal_has_one_writer(written):
    """While a migration goes on, nobody else resumes it or rolls it back; afterwards everybody may."""
    first = JournalWriter(written, None)
    with pytest.raises(JournalError, match="another process is writing"):
        JournalWriter(written, None)
    first.close()
    JournalWriter(written, None).close()


# ---- a disk that is full


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes meanwhile: the kernel writes so much, then refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_in_the_middle_of_a_line(changes, tmp_path):
    """Wherever in a line the room ends, the journal is whole up to the line before; with room again it goes on."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {"store": "memory"})
    first, second = writer.begin(changes[:1]), writer.begin(changes[1:2])
    writer.done(first, 7)
    whole = path.read_bytes()
    writer.done(second, 8)
    length = path.stat().st_size - len(whole)
    writer.close()
    for room in range(length):
        path.write_bytes(whole)
        writer = JournalWriter(path, None)
        with room_for(len(whole) + room), pytest.raises(JournalError, match="File too large"):
            writer.done(second, 8)
        assert path.read_bytes() == whole
        writer.done(second, 9)
        writer.finish(Summary())
        writer.close()
        assert [(one.number, one.revision) for one in Journal(path).batches()] == [(1, 7), (2, 9)]


def test_a_disk_that_is_full_for_a_long_line(changes, tmp_path):
    """So for a batch, begun between the others of several threads: the numbers go on, and the end mark holds."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {})
    kept = writer.begin(changes[:1])
    size = path.stat().st_size
    for room in (0, 1, 100, 1000):
        with room_for(size + room), pytest.raises(JournalError):
            writer.begin(changes[1:5])
        assert path.stat().st_size == size
    writer.done(kept, 3)
    writer.done(writer.begin(changes[5:7]), 4)
    writer.finish(Summary(skipped_count=2))
    writer.close()
    *batches, end = Journal(path).events()
    assert [(len(one.entries), one.revision) for one in batches] == [(1, 3), (2, 4)]
    assert isinstance(end, Note)
    assert end.is_end
    assert (end.facts["written"], end.facts["skipped"]) == (3, 2)


def test_what_cannot_be_cut_back(changes, tmp_path, monkeypatch):
    """When not even that works, nothing more is appended to the torn line, and the journal can be read."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {})
    number = writer.begin(changes[:1])
    size = path.stat().st_size

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "ftruncate", fails)
    with room_for(size + 5), pytest.raises(JournalError, match="File too large"):
        writer.done(number, 3)
    monkeypatch.undo()
    for _ in range(2):
        with pytest.raises(JournalError, match="Input/output"):
            writer.done(number, 3)
    writer.close()
    assert path.stat().st_size == size + 5
    journal = Journal(path)
    assert [one.revision for one in journal.batches()] == [None]
    assert journal.torn == 3
    writer = JournalWriter(path, None)
    writer.done(number, 3)
    writer.close()
    assert [one.revision for one in Journal(path).batches()] == [3]


_FULL = """
import os, resource, sys
from pathlib import Path
from kstore.errors import JournalError
from kstore.migrate.journal_writer import JournalWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    JournalWriter(Path(sys.argv[1]), {"store": "x" * 200})
except JournalError as error:
    sys.exit(3)
"""


@pytest.mark.large
def test_no_room_for_the_first_line(tmp_path):
    """A journal that could not even be begun is not there, and is in nobody's way."""
    path = tmp_path / "journal"
    for room in (0, 1, 100):
        ended = subprocess.run([sys.executable, "-c", _FULL, str(path), str(room)], check=False)
        assert ended.returncode == 3
        assert list(tmp_path.iterdir()) == []
    JournalWriter(path, {}).close()


# ---- the line that ends it


def test_a_journal_that_was_cut_between_two_lines(changes, tmp_path):
    """With its end mark a journal tells that lines of it are missing; without it, that it has none."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {})
    for at in range(5):
        writer.done(writer.begin(changes[at : at + 1]), at + 2)
    writer.finish(Summary())
    writer.close()
    lines = path.read_bytes().splitlines(keepends=True)
    *_, end = Journal(path).events()
    assert isinstance(end, Note)
    assert end.facts["lines"] == len(lines) - 1
    for first, last in ((1, 3), (5, 9), (10, 11)):
        path.write_bytes(b"".join(lines[:first] + lines[last:]))
        with pytest.raises(JournalError, match="lines are missing"):
            list(Journal(path).events())
    path.write_bytes(b"".join(lines[:-1]))
    assert not any(isinstance(event, Note) for event in Journal(path).events())
    path.write_bytes(b"".join([*lines[:-1], line({"finished": "before there were marks"})]))
    *_, end = Journal(path).events()
    assert isinstance(end, Note)
    assert not end.is_end


def test_a_journal_that_goes_on_behind_its_end(changes, tmp_path):
    """What is resumed, or rolled back, ends again; every end counts all lines before it."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {})
    writer.done(writer.begin(changes[:2]), 5)
    writer.finish(Summary())
    writer.close()
    writer = JournalWriter(path, None)
    writer.done(writer.begin(changes[2:3]), 6)
    writer.finish(Summary())
    writer.begin_rollback()
    writer.finish_rollback(3)
    writer.close()
    ends = [event for event in Journal(path).events() if isinstance(event, Note)]
    assert [(end.name, end.facts.get("lines"), end.facts.get("written")) for end in ends] == [
        ("finished", 3, 2),
        ("finished", 6, 3),
        ("rollingBack", None, None),
        ("rolledBack", 8, None),
    ]


# ---- lines of another shape


def line(members: object) -> bytes:
    """A line with the right checksum, whatever it says."""
    text = json.dumps(members).encode()
    return text + b"\t%08x\n" % zlib.crc32(text)


def good_lines() -> dict[str, dict[str, Any]]:
    """A journal of each kind of line, by kind."""
    packed = {
        "key": "L2E=", "modRevision": 1, "createRevision": 1, "version": 1, "lease": 0, "before": "eA==",
        "afterSHA256": "00", "kind": "Pod", "from": "v1", "to": "v1",
    }  # fmt: skip
    return {
        "header": {"format": "kstore-journal", "version": 1, "store": "memory", "request": {}},
        "batch": {"batch": 1, "objects": [packed]},
        "done": {"done": 1, "revision": 2, "revisions": [2]},
        "undone": {"undone": 2, "reason": "conflict"},
        "finished": {"finished": "now", "written": 1, "unchanged": 0, "skipped": 0, "conflicts": 0, "lines": 1,
                     "sha256": "00"},
        "rollingBack": {"rollingBack": "now"},
        "rolledBack": {"rolledBack": "now", "restored": 1, "lines": 1, "sha256": "00"},
    }  # fmt: skip


def test_the_good_lines_are_all_there_are() -> None:
    """The lines that the next tests spoil have every kind and member that there is."""
    lines = good_lines()
    assert lines.keys() == {"header", *LINES}
    for name, members in LINES.items():
        assert lines[name].keys() == {name, *members}
    assert lines["batch"]["objects"][0].keys() == OBJECT.keys()


@pytest.mark.parametrize("kind", good_lines())
def test_a_line_that_lacks_a_member_or_has_another(tmp_path: Path, kind: str) -> None:
    """With a right checksum too: each member that is missing or of another kind is an error that names the line."""
    path = tmp_path / "journal"
    spoiled = []
    for name in good_lines()[kind]:
        for value in (None, True, 1.5, -(1 << 80), [1], {"a": 1}, "x", ...):
            members = dict(good_lines()[kind])
            if type(value) is type(members[name]) and value != -(1 << 80):
                continue
            if value is ...:
                if name == kind or name in OPTIONAL or kind == "header":
                    continue
                del members[name]
            else:
                members[name] = value
            spoiled.append(members)
    assert spoiled
    for members in spoiled:
        number = write_with(path, kind, members)
        with pytest.raises(JournalError, match=f"line {number} is not as|no journal of a|is of version") as caught:
            list(Journal(path).events())
        assert caught.value.where == str(path)


@pytest.mark.parametrize("member", OBJECT)
def test_an_object_of_another_shape(tmp_path: Path, member: str) -> None:
    """So in the objects of a batch, whose values are never quoted."""
    path = tmp_path / "journal"
    for value in (None, True, 1.5, ["secret"], {"secret": 1}, "secret" if OBJECT[member] is int else 5, ...):
        members = good_lines()["batch"]
        if value is ...:
            del members["objects"][0][member]
        else:
            members["objects"][0][member] = value
        number = write_with(path, "batch", members)
        with pytest.raises(JournalError, match=rf"line {number} .*objects\[0\]: .*`{member}`") as caught:
            list(Journal(path).events())
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "members", "reason"),
    [
        ("batch", {"batch": 1, "objects": [5]}, "objects.0.: it is a number"),
        ("batch", {"batch": 1, "objects": [{**good_lines()["batch"]["objects"][0], "key": "%"}]}, "not base64"),
        ("batch", {"batch": 1, "objects": [{**good_lines()["batch"]["objects"][0], "before": "eA="}]}, "not base64"),
        ("done", {"done": 7, "revision": 2}, "ends batch 7, which no line"),
        ("undone", {"undone": 7, "reason": "x"}, "ends batch 7, which no line"),
        ("done", {"done": 1, "revision": 2, "revisions": [2, 3]}, "2 `revisions` for 1 objects"),
        ("done", {"done": 1, "revision": 2, "revisions": ["2"]}, "not all numbers"),
        ("done", {"done": 1, "revision": 2, "revisions": [1 << 63]}, "not all numbers"),
        ("done", {"done": 1, "revision": 1 << 63}, "no number that etcd has"),
        ("batch", {"batch": 1, "objects": [{**good_lines()["batch"]["objects"][0], "lease": 1 << 63}]}, "etcd has"),
        ("done", {"encrypted": 1}, "none of batch, done"),
        ("done", {}, "none of batch, done"),
        ("done", [], "a list, not an object"),
        ("done", "text", "a text, not an object"),
        ("finished", {"finished": "now", "lines": 99, "sha256": "00"}, "99 other lines, 3 stand before"),
    ],
)
def test_a_line_that_makes_no_sense(tmp_path: Path, kind: str, members: Any, reason: str) -> None:
    """Lines of the right members that do not go together, or of none."""
    path = tmp_path / "journal"
    number = write_with(path, kind, members)
    with pytest.raises(JournalError, match=f"line {number} is not as a journal has it: .*{reason}"):
        list(Journal(path).events())


@pytest.mark.parametrize("highest", [(1 << 62) - 1, (1 << 63) - 1])
def test_the_highest_numbers_that_etcd_has(tmp_path: Path, highest: int) -> None:
    """A journal has leases, versions and revisions up to the end of int64, as etcd has them."""
    packed = {**good_lines()["batch"]["objects"][0], "lease": highest, "version": highest, "modRevision": highest}
    done = {"done": 1, "revision": highest, "revisions": [highest]}
    path = tmp_path / "journal"
    path.write_bytes(b"".join(map(line, (good_lines()["header"], {"batch": 1, "objects": [packed]}, done))))
    (batch,) = Journal(path).batches()
    (entry,) = batch.entries
    assert (entry.lease, entry.version, entry.mod_revision, batch.revision_of(0)) == (highest,) * 4


def write_with(path: Path, kind: str, members: Any) -> int:
    """Write a journal in which one line, of this kind, says something else; the line's number."""
    lines = {**good_lines(), kind: members}
    if kind == "header":
        path.write_bytes(line(members))
        return 1
    before = [lines["header"], lines["batch"]]
    if kind != "batch":
        before.append({"done": 1, "revision": 2} if kind in ("finished", "rollingBack", "rolledBack") else members)
    if kind in ("finished", "rollingBack", "rolledBack"):
        before.append(members)
    path.write_bytes(b"".join(map(line, before)))
    return len(before)


def test_json_that_is_none(tmp_path: Path) -> None:
    """A line of the right checksum whose text is no JSON, or nested without an end."""
    path = tmp_path / "journal"
    for text in (b"{", b"nonsense", b"[" * 100_000, b"\xff", b""):
        path.write_bytes(line(good_lines()["header"]) + text + b"\t%08x\n" % zlib.crc32(text) + line({"done": 1}))
        with pytest.raises(JournalError, match="line 2 is not as a journal has it: it is not JSON"):
            list(Journal(path).events())


# ---- what is no file


@pytest.mark.timeout(20)
def test_what_is_no_file(tmp_path: Path) -> None:
    """A named pipe, a device, a directory, a hole of 60 GB: refused at once, to be read and to be gone on with."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "hole").touch()
    os.truncate(tmp_path / "hole", 60 << 30)
    places = {"pipe": "a named pipe", "/dev/zero": "a device", ".": "a directory", "hole": "no journal of a migration"}
    for name, what in places.items():
        with pytest.raises(JournalError, match=what):
            Journal(tmp_path / name)
        with pytest.raises(JournalError, match=what):
            JournalWriter(tmp_path / name, None)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes a file had each time that it was brought to the disk."""
    sizes: list[int] = []
    real = os.fdatasync

    def note(descriptor: int) -> None:
        real(descriptor)
        sizes.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fdatasync", note)
    return sizes


def test_what_must_be_on_the_disk_before_anything_is_written(changes, tmp_path: Path, synced: list[int]) -> None:
    """A batch before it is sent, the end of a migration, both ends of a rollback: synced when told."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {"request": {}})
    for step in (
        lambda: writer.begin(changes[:2]),
        lambda: writer.finish(Summary()),
        writer.begin_rollback,
        lambda: writer.finish_rollback(2),
    ):
        synced.clear()
        step()
        assert synced == [path.stat().st_size]
    writer.close()


def test_a_journal_that_is_closed_is_on_the_disk(changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came of the last batch as well, which nothing else waits for."""
    path, synced = tmp_path / "journal", []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    writer = JournalWriter(path, {"request": {}})
    writer.done(writer.begin(changes[:2]), 5)
    synced.clear()
    writer.close()
    assert synced == [path.stat().st_size]


def test_what_an_earlier_run_could_not_sync(written, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever goes on writes all of it again, and syncs it, before anything else: the system takes it for clean."""
    before = written.read_bytes()
    made: list[tuple[str, int, int]] = []
    real = os.pwrite, os.fsync

    def write(descriptor: int, data: bytes, offset: int) -> int:
        made.append(("write", offset, len(data)))
        return real[0](descriptor, data, offset)

    def sync(descriptor: int) -> None:
        made.append(("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync", 0, 0))
        real[1](descriptor)

    monkeypatch.setattr(os, "pwrite", write)
    monkeypatch.setattr(os, "fsync", sync)
    writer = JournalWriter(written, None)
    assert made == [("write", 0, len(before)), ("sync", 0, 0), ("folder", 0, 0)]
    writer.close()
    assert written.read_bytes() == before


def test_a_long_torn_line_is_cut_off(written, changes) -> None:
    """Whoever goes on begins where the last whole line ends; of the torn one, however long, nothing stays."""
    with written.open("ab") as file:
        file.write(b'{"batch": 9, "objects": [' + b" " * 100_000)
    before = {batch.number: batch.revision for batch in Journal(written).batches()}
    writer = JournalWriter(written, None)
    number = writer.begin(changes[5:6])
    writer.done(number, 20)
    writer.close()
    assert {batch.number: batch.revision for batch in Journal(written).batches()} == {**before, number: 20}
    assert written.read_bytes().endswith(b"\n")
    assert b" " * 100 not in written.read_bytes()


def test_a_sync_that_failed_is_not_asked_again(changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reached the disk nobody knows then, and the next sync would say that all is well: nothing more is noted."""
    writer = JournalWriter(tmp_path / "journal", {"request": {}})
    real = os.fdatasync

    def fail(descriptor: int) -> None:
        monkeypatch.setattr(os, "fdatasync", real)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    for _ in range(3):
        with pytest.raises(JournalError, match="Input/output error"):
            writer.begin(changes[:1])
    writer.close()


@pytest.mark.parametrize("version", [0, 2, 10])
def test_a_journal_of_another_version(tmp_path: Path, version: int) -> None:
    """It is not read as if it were of this one, nor gone on with."""
    path = tmp_path / "journal"
    write_with(path, "header", {**good_lines()["header"], "version": version})
    before = path.read_bytes()
    for open_it in (Journal, lambda path: JournalWriter(path, None)):
        with pytest.raises(JournalError, match=f"is of version {version}, this kstore reads 1") as caught:
            open_it(path)
        assert caught.value.hint == "use the kstore that wrote it"
    assert path.read_bytes() == before


def test_a_batch_that_is_begun_twice(tmp_path: Path) -> None:
    """Its end would be said of either; once it has ended, nothing is left to be taken for it."""
    path = tmp_path / "journal"
    lines = good_lines()
    head, batch, done = (line(lines[kind]) for kind in ("header", "batch", "done"))
    path.write_bytes(head + batch + batch + done)
    with pytest.raises(JournalError, match="line 3 is not as a journal has it: batch 1 was begun before"):
        list(Journal(path).events())
    path.write_bytes(head + batch + done + done)
    with pytest.raises(JournalError, match=r"line 4 .* ends batch 1, which no line"):
        list(Journal(path).events())


@pytest.mark.parametrize("numbers", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_whoever_goes_on_has_numbers_of_its_own(changes, tmp_path: Path, numbers: tuple[int, ...]) -> None:
    """Several threads may have written their batches in another order than that of their numbers."""
    path = tmp_path / "journal"
    lines = good_lines()
    path.write_bytes(b"".join(map(line, [lines["header"], *({**lines["batch"], "batch": one} for one in numbers)])))
    writer = JournalWriter(path, None)
    assert writer.begin(changes[:1]) == 4
    writer.close()
    assert sorted(batch.number for batch in Journal(path).batches()) == [1, 2, 3, 4]


def test_what_the_last_line_counts(changes, tmp_path: Path) -> None:
    """The objects that were written, without those of batches that were not, or have no end; and all bytes before."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, {"store": "memory"})
    writer.done(writer.begin(changes[:2]), 5)
    writer.undone(writer.begin(changes[2:5]), "conflict")
    writer.begin(changes[5:6])
    writer.done(writer.begin(changes[6:9]), 6)
    before = path.read_bytes()
    writer.finish(Summary())
    writer.close()
    *_, end = (event for event in Journal(path).events() if isinstance(event, Note))
    assert (end.facts["written"], end.facts["lines"]) == (5, before.count(b"\n"))
    assert end.facts["sha256"] == hashlib.sha256(before).hexdigest()


@pytest.mark.parametrize("lacking", ["lines", "sha256"])
def test_an_end_that_counts_only_half(tmp_path: Path, lacking: str) -> None:
    """It is no end that a missing line would be noticed by, and no damage."""
    path = tmp_path / "journal"
    lines = good_lines()
    del lines["finished"][lacking]
    path.write_bytes(b"".join(line(lines[kind]) for kind in ("header", "batch", "done", "finished")))
    *_, end = Journal(path).events()
    assert isinstance(end, Note)
    assert not end.is_end


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_a_long_journal_is_written_again_as_it_is(
    written, changes, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """Piece by piece, each in its own place."""
    before = written.read_bytes()
    monkeypatch.setattr(journal_writer, "_CHUNK", chunk)
    writer = JournalWriter(written, None)
    assert written.read_bytes() == before
    writer.done(writer.begin(changes[5:6]), 20)
    writer.close()
    assert written.read_bytes().startswith(before)
    assert [batch.number for batch in Journal(written).batches()] == [1, 2, 4, 3]


def test_a_journal_has_its_first_line_when_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds it can read what it is of."""
    real, found = os.link, []

    def link(source: Path, target: Path) -> None:
        found.append(Journal(Path(source)).header["store"])
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    JournalWriter(tmp_path / "journal", {"store": "memory", "request": {}}).close()
    assert found == ["memory"]


@pytest.mark.parametrize("before", [None, Record(b"/k", b"", 3, 7, 2)])
def test_a_key_of_no_bytes_is_there(before: Record | None) -> None:
    """What creates a key is told by the revision that it depends on, and not by what was stored."""
    assert Entry.of_key(KeyChange(b"/k", before, b"new"), None, None).creates is (before is None)
