"""
Figures that runs have come to, in docs/guarantees.md: each run's own part of the page, between two marks.

A part names the version of kstore that it measured; `tests/test_guarantees.py` fails where that is too old.
"""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "guarantees.md"


def record(name: str, text: str) -> None:
    """Put a run's figures in place of what its part of the page has said."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    assert found, f"{PAGE} has no part {name}"
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
