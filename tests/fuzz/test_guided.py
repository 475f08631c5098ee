"""
What runs that are guided by coverage came to, together.
"""

from __future__ import annotations

from dataclasses import replace

from tests.fuzz.guided import Figures, table

FIRST = Figures(executions=1_000, findings=0, kept=7, seconds=1.5, version="1.0.0", date="2026-01-31")


def test_runs_of_one_version_add_up() -> None:
    """Executions and seconds; what is kept, and the day, are the last run's."""
    second = Figures(executions=500, findings=0, kept=9, seconds=0.25, version="1.0.0", date="2026-02-01")
    expected = Figures(executions=1_500, findings=0, kept=9, seconds=1.8, version="1.0.0", date="2026-02-01")
    assert second.after(FIRST) == expected
    assert FIRST.after(None) == FIRST


def test_another_version_begins_anew() -> None:
    """Its readers are others."""
    second = replace(FIRST, version="1.1.0", executions=3)
    assert second.after(FIRST) == second


def test_the_table() -> None:
    """A row a reader, by name."""
    assert table({"plan": replace(FIRST, seconds=1_234.5), "journal": FIRST}).splitlines()[2:] == [
        "| `journal` | 1,000 | 0 | 2 | 2026-01-31 | kstore 1.0.0 |",
        "| `plan` | 1,000 | 0 | 1,234 | 2026-01-31 | kstore 1.0.0 |",
    ]
