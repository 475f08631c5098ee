"""
Columns as wide as what is in them.
"""

from __future__ import annotations

import pytest

from kstore.view.tab_writer import TabWriter, column_width


@pytest.mark.parametrize(("cell", "width"), [(0, 6), (3, 6), (4, 7), (10, 13)])
def test_the_width_of_a_column(cell: int, width: int) -> None:
    """Three spaces behind the widest cell, and six characters at least."""
    assert column_width(cell) == width


def test_columns_never_shrink() -> None:
    """A later block is as wide as those before it, or wider."""
    lines = ["a-long-name\tx", "b\ty", "a-longer-name\tz"]
    first, second, third = TabWriter().stream(lines, 1)
    assert first == "a-long-name   x\n"
    assert second == "b             y\n"
    assert third == "a-longer-name   z\n"


def test_a_column_ends_where_a_line_lacks_it() -> None:
    """What follows is measured anew, though never narrower."""
    assert TabWriter().lay_out("abcdef\tx\nno cell\na\ty") == "abcdef   x\nno cell\na        y"
