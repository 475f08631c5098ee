"""
Bars that show a part of the whole.
"""

from __future__ import annotations

import pytest

from kstore.view.bar_table import bar


@pytest.mark.parametrize(
    ("share", "cells"),
    [
        (0.0, "    "),
        (0.0001, "▏   "),
        (0.25, "█   "),
        (0.375, "█▌  "),
        (1.0, "████"),
        (1.5, "████"),
        (-1.0, "    "),
    ],
)
def test_how_a_bar_is_filled(share: float, cells: str) -> None:
    """To an eighth of a cell; what is not nothing is seen, and what is more than all is all."""
    assert bar(share, 4) == cells
