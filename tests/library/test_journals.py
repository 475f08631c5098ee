"""
What becomes of a journal afterwards: gone on with, or undone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.migrate.conftest import FaultySource, codec, deployment, key, planner

from kstore.errors import UsageError, WriteRefused
from kstore.library.journals import require_in_place, require_resumable, roll_back
from kstore.migrate.journal import Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import Change, VersionPlanner
from kstore.migrate.summary import Summary
from kstore.write.retry import Retry

__all__ = ["codec", "deployment", "planner"]


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("rolled_back", ["", "begun", "done"])
def test_what_can_be_resumed(tmp_path: Path, finished: bool, rolled_back: str) -> None:
    """A migration that is at its end, too; none whose rollback was so much as begun."""
    writer = JournalWriter(tmp_path / "journal", {"request": {}})
    if finished:
        writer.finish(Summary())
    if rolled_back:
        writer.begin_rollback()
    if rolled_back == "done":
        writer.finish_rollback(0)
    writer.close()
    journal = Journal(tmp_path / "journal")
    require_in_place(journal)
    if not rolled_back:
        require_resumable(journal)
        return
    with pytest.raises(WriteRefused, match="was rolled back" if rolled_back == "done" else "was begun"):
        require_resumable(journal)


@pytest.mark.parametrize("there", [True, False])
def test_a_journal_of_a_file(tmp_path: Path, there: bool) -> None:
    """The new database is whole, or not there: nothing is gone on with, and nothing put back."""
    output = tmp_path / "new.db"
    JournalWriter(tmp_path / "journal", {"request": {}, "output": str(output)}).close()
    if there:
        output.touch()
    journal = Journal(tmp_path / "journal")
    with pytest.raises(UsageError, match="came to its end" if there else "nothing to resume"):
        require_resumable(journal)
    with pytest.raises(WriteRefused, match="wrote a new file"):
        require_in_place(journal)


@pytest.mark.parametrize("read_only", [True, False])
def test_what_may_yet_come_is_ended_by_a_rollback(
    tmp_path: Path, planner: VersionPlanner, deployment: Callable[..., bytes], read_only: bool
) -> None:
    """A transaction whose end nobody saw can happen no more afterwards; where nothing is written, it still may."""
    store = FaultySource({key(name): deployment(name) for name in ("a", "b")})
    changes = [step for step in planner.plan(list(store.scan())) if isinstance(step, Change)]
    writer = JournalWriter(tmp_path / "journal", {"request": {}})
    writer.begin(changes)
    writer.close()
    result = roll_back(Journal(tmp_path / "journal"), store, Retry(), read_only=read_only)
    assert (result.restored, result.findings) == (0, {})
    assert store.commit([change.mutation() for change in changes]).succeeded is read_only
