"""
The browser's screens at three sizes, whole: each was looked at, in docs/pictures and as the text that is kept here.

After a change that is meant: `pytest tests/cli/test_browse_screens.py --snapshot-update`, read the difference, and
`make pictures`.
"""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from tools.generate_screens import SCREENS, SIZES, screen


@pytest.mark.large
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
def test_screens(name: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    """Nothing is wider or longer than the terminal, and all of it is as it was when it was looked at."""
    text, _ = screen(name, size)
    lines = text.splitlines()
    assert len(lines) == size[1]
    assert max(map(len, lines)) <= size[0]
    assert text == snapshot
