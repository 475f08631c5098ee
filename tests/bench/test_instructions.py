"""Counted instructions against those that are expected."""

from __future__ import annotations

import json

from bench.instructions import FIGURES, WORKS, judged


def test_more_than_a_tenth_is_noticed() -> None:
    """Slower and unknown works fail; faster ones are to be recorded; the rest is as it was."""
    expected = {"a": 1000, "b": 1000, "c": 1000, "d": 1000}
    found = judged({"a": 1099, "b": 1101, "c": 899, "d": 901, "e": 1}, expected)
    assert found == {"b": "slower", "c": "faster: record it", "e": "unknown"}


def test_there_are_figures_for_every_work() -> None:
    """Of each version of Python that is recorded."""
    for figures in json.loads(FIGURES.read_text()).values():
        assert set(figures) == set(WORKS)
