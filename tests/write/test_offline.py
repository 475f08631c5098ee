"""
Changes brought into a copy of a file, and what is noted of them.
Changes noted while a copy of a file is written with them: all of them, a few together, and in which order all appears.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kstore.records import Record
from kstore.source.location.demo import open_demo
from kstore.source.snapshot.source import SnapshotSource
from kstore.write import offline
from kstore.write.compare_and_swap import KeyChange
from kstore.write.offline import write_copy


class Notes:
    """A log that remembers what it was told, in its order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.revisions: list[int] = []
        self._number = 0

    def begin(self, changes: Sequence[KeyChange]) -> int:
        self._number += 1
        self.told.append(("begin", self._number))
        return self._number

    def done(self, number: int, revision: int, revisions: Sequence[int] = ()) -> None:
        assert revision == revisions[0]
        self.told.append(("done", number))
        self.revisions += revisions

    def publish(self) -> None:
        self.told.append(("publish", 0))


def test_each_batch_ends_before_the_next_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So whoever reads the log needs one batch in memory; the revisions are those that the new file has."""
    monkeypatch.setattr(offline, "_BATCH", 3)
    notes = Notes()
    with open_demo() as demo:
        assert isinstance(demo, SnapshotSource)
        records = [record for _, record in zip(range(7), demo.scan(), strict=False)]
        changes = [KeyChange(record.key, record, record.value + b" ", record.lease) for record in records]
        written = write_copy(demo, changes, tmp_path / "new.db", notes, replaced_bytes=lambda _: 1)
    ends = [(word, number) for number in (1, 2, 3) for word in ("begin", "done")]
    assert notes.told == [*ends, ("publish", 0)]
    with SnapshotSource(tmp_path / "new.db") as source:
        found = [source.get(record.key) for record in records]
    assert [record.mod_revision for record in found if record] == notes.revisions
    assert written.revision == notes.revisions[-1]


class Log:
    """A journal in memory, which knows whether the output is there."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.batches: list[list[bytes]] = []
        self.ends: list[tuple[int, int, list[int]]] = []
        self.last: list[str] = []

    def begin(self, changes: Sequence[KeyChange]) -> int:
        self.batches.append([change.key for change in changes])
        return len(self.batches)

    def done(self, number: int, revision: int, revisions: Sequence[int] = ()) -> None:
        self.ends.append((number, revision, list(revisions)))

    def finish(self) -> None:
        self.note("finish")

    def publish(self) -> None:
        self.note("publish")

    def note(self, what: str) -> None:
        """Note a step."""
        assert not self.output.exists()
        assert len(self.ends) == len(self.batches)
        self.last.append(what)


@pytest.fixture
def demo() -> Iterator[SnapshotSource]:
    """The demo store."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        yield source


def made(count: int) -> list[KeyChange]:
    """New keys."""
    return [KeyChange(b"/registry/new/%03d" % number, None, b"v") for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 9])
def test_all_changes_are_noted(
    demo: SnapshotSource, tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few together, each at its revision; then the last words, then the journal, and the output behind it."""
    monkeypatch.setattr(offline, "_BATCH", 4)
    output = tmp_path / "new.db"
    log, newest = Log(output), demo.status().revision
    changes = made(count)
    written = write_copy(demo, changes, output, log, replaced_bytes=lambda _: 0, finish=log.finish)
    assert [key for batch in log.batches for key in batch] == [change.key for change in changes]
    assert [len(batch) for batch in log.batches] == [4] * (count // 4) + [count % 4] * bool(count % 4)
    assert [one for _, _, revisions in log.ends for one in revisions] == list(range(newest + 1, newest + 1 + count))
    assert [revision for _, revision, _ in log.ends] == [revisions[0] for _, _, revisions in log.ends]
    assert log.last == ["finish", "publish"]
    assert written.revision == newest + count
    with SnapshotSource(output) as after:
        revisions = {one.key: one.mod_revision for one in after.scan(b"/registry/new/")}
    assert list(revisions.values()) == list(range(newest + 1, newest + 1 + count))


@pytest.mark.parametrize(
    ("sizes", "together"),
    [([10, 10, 10], [3]), ([60, 60, 10, 60], [2, 2]), ([200, 1, 1], [1, 2]), ([1, 100, 1], [2, 1]), ([50, 50, 1], [3])],
)
def test_large_values_are_noted_apart(
    demo: SnapshotSource, tmp_path: Path, sizes: list[int], together: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a journal holds of one batch is bounded: it is read back as one line."""
    monkeypatch.setattr(offline, "_BATCH_BYTES", 100)
    log = Log(tmp_path / "new.db")
    changes = made(len(sizes))
    of = {change.key: size for change, size in zip(changes, sizes, strict=True)}
    write_copy(demo, changes, tmp_path / "new.db", log, replaced_bytes=lambda change: of[change.key])
    assert [len(batch) for batch in log.batches] == together


def test_an_output_that_fails(demo: SnapshotSource, tmp_path: Path) -> None:
    """There is no journal of it, and no last word."""
    log = Log(tmp_path / "new.db")
    wrong = KeyChange(b"/registry/new/b", Record(b"/registry/new/b", b"", 5, 5, 1), b"v")
    with pytest.raises(Exception, match="is not in the store"):
        write_copy(demo, [*made(1), wrong], tmp_path / "new.db", log, replaced_bytes=lambda _: 0, finish=log.finish)
    assert log.last == []
    assert list(tmp_path.iterdir()) == []
