"""
How far a fleet's run is: in words, as lines in a log, and as a table on a terminal.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from kstore.cli.fleet_progress import Lines, LiveTable, Tally


def result(address: str = "a.db", status: str = "done", *, known: bool = False, **row: Any) -> dict[str, Any]:
    """A store's result."""
    return {"address": address, "status": status, "known": known, "seconds": 1.25, "rows": [row] if row else []}


class Clock:
    """Seconds that go on when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_words() -> None:
    """What is known costs no time, and counts for nothing in the rate."""
    clock = Clock()
    tally = Tally(1_000, "10m", clock)
    assert str(tally) == "0 of 1,000 stores, each at most 10m"
    tally.take(result(known=True))
    assert str(tally) == "1 of 1,000 stores, 1 known, each at most 10m"
    clock.now = 8.0
    for status in ("done", "failed", "timeout"):
        tally.take(result(status=status))
    tally.take(result())
    said = "5 of 1,000 stores, 1 failed, 1 timeout, 1 known, 0.5 a second, 0:33:10 left, each at most 10m"
    assert str(tally) == said


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """One each half minute, for the log of a job."""
    clock = Clock()
    with Lines(Tally(5, "1m", clock), clock) as lines:
        for now in (10.0, 29.0, 31.0, 60.0, 62.0):
            clock.now = now
            lines.tell(result())
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(",")[0] for line in said] == ["kstore: 3 of 5 stores", "kstore: 5 of 5 stores"]


def test_the_table() -> None:
    """The last stores with what was found, the ends of long addresses, nothing that moves a cursor; then it is gone."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80, height=30, color_system=None)
    with LiveTable(Tally(20, "10m"), console) as table:
        for number in range(9):
            table.tell(result(f"/backups/{'x' * 60}/{number}.db", objects=1234, verdict="warnings"))
        table.tell(result("evil\x1b[2J.db", "lost"))
        table._live.refresh()
        shown = out.getvalue()
    assert "…" in shown
    assert "/8.db" in shown
    assert "/0.db" not in shown
    assert "1,234" in shown
    assert "\x1b[2J" not in shown
    assert "10 of 20 stores, 1 lost" in shown.splitlines()[-1]
