"""
When revisions were written, as far as the objects' own times tell.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kstore.inspect.clock import RevisionClock


@pytest.mark.parametrize(("revision", "minute"), [(4, 5), (5, 5), (8, 5), (9, 9), (100, 9)])
def test_the_time_of_a_revision(revision: int, minute: int) -> None:
    """It is that of the last object written by then, this revision's own among them; before all, that of the first."""
    clock = RevisionClock()
    for written in (9, 5):
        clock.note(written, f"2026-01-01T00:0{written}:00Z")
    assert clock.at(revision) == datetime(2026, 1, 1, 0, minute, tzinfo=UTC)


def test_a_clock_without_times() -> None:
    """Nothing is known of any revision."""
    clock = RevisionClock()
    assert clock.at(7) is None
    assert clock.latest is None


def test_a_clock_of_many_revisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours share a time, the newer of theirs, once there are more than are kept."""
    monkeypatch.setattr(RevisionClock, "_MOST", 2)
    clock = RevisionClock()
    for revision in range(8):
        clock.note(revision, f"2026-01-01T00:0{revision}:00Z")
    assert [clock.at(revision).minute for revision in range(8)] == [3, 3, 3, 3, 7, 7, 7, 7]  # type: ignore[union-attr]
