"""
Keys in order, each with two numbers: noted in any order, in memory and in runs that are put aside.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore import sorted_keys
from kstore.sorted_keys import SortedKeys

NOTED = st.lists(
    st.tuples(st.binary(max_size=2), st.integers(0, 1 << 40), st.integers(0, 1000)), max_size=100
)  # fmt: skip


def noted(given: list[tuple[bytes, int, int]], keys: SortedKeys, *, adds: bool) -> list[tuple[bytes, int, int]]:
    """What comes back of what was noted."""
    for key, high, low in given:
        number = keys.pack(high, low)
        keys.numbers[key] = keys.numbers.get(key, 0) + number if adds else number
        if len(keys.numbers) >= keys.at_once:
            keys.put_aside()
    return [one for block in keys.blocks() for one in zip(block.keys, block.high, block.low, strict=True)]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few keys are many blocks."""
    monkeypatch.setattr(sorted_keys, "_BLOCK", 2)


@given(NOTED, st.sampled_from([1, 3, 10, 1000]))
@pytest.mark.usefixtures("small_blocks")
def test_the_last_counts(given: list[tuple[bytes, int, int]], at_once: int) -> None:
    """As in a dict."""
    wanted = {key: (high, low) for key, high, low in given}
    assert noted(given, SortedKeys(at_once), adds=False) == [(key, *wanted[key]) for key in sorted(wanted)]


@given(NOTED, st.sampled_from([1, 3, 10, 1000]))
@pytest.mark.usefixtures("small_blocks")
def test_all_are_added(given: list[tuple[bytes, int, int]], at_once: int) -> None:
    """Both numbers, each by itself."""
    high: Counter[bytes] = Counter()
    low: Counter[bytes] = Counter()
    for key, one, other in given:
        high[key] += one
        low[key] += other
    found = noted(given, SortedKeys(at_once, adds=True), adds=True)
    assert found == [(key, high[key], low[key]) for key in sorted({key for key, _, _ in given})]
