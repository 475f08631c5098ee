"""
Changes brought into a copy of a file, and what is noted of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

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
