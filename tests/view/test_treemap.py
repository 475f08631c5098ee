"""
Treemaps: all of the area, in proportion, nothing over anything else.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.view.treemap import areas, treemap_html


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.integers(1, 500), st.integers(1, 500))
def test_areas(amounts: list[int], width: int, height: int) -> None:
    """Each has its share of the whole, within it, and none lies over another."""
    found = areas(list(map(float, amounts)), width, height)
    assert sorted(one.index for one in found) == [at for at, amount in enumerate(amounts) if amount]
    whole = sum(amounts)
    for one in found:
        assert one.width * one.height == pytest.approx(amounts[one.index] / whole * width * height, rel=1e-6, abs=1e-6)
        assert -1e-6 <= one.x <= one.x + one.width <= width * (1 + 1e-6)
        assert -1e-6 <= one.y <= one.y + one.height <= height * (1 + 1e-6)
    for at, one in enumerate(found):
        for other in found[at + 1 :]:
            over_x = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            over_y = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert min(over_x, over_y) <= 1e-6 * max(width, height)


def test_they_are_rather_square() -> None:
    """Rather than stripes."""
    found = areas([float(one) for one in range(1, 21)], 100, 100)
    assert max(max(one.width / one.height, one.height / one.width) for one in found) < 3


def test_html() -> None:
    """Names are escaped, and those without room stand in the title alone."""
    text = "".join(treemap_html("T", [("<b>", 1000.0, "1 KB"), ("tiny", 0.1, "0 B")]))
    assert "<b>" not in text
    assert text.count("&lt;b&gt;") == 2
    assert text.count("tiny") == 1


def test_sizes_stand_where_there_is_room_for_a_line() -> None:
    """No line of a rectangle is cut through: what is low has its name alone."""
    text = "".join(treemap_html("T", [("tall", 900.0, "900 B"), ("low", 90.0, "90 B"), ("flat", 10.0, "10 B")]))
    assert ">tall<br>900 B</div>" in text
    assert ">low</div>" in text or ">low<br>90 B</div>" in text
    assert ">10 B<" not in text
