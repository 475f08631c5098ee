"""
Amounts as areas: a treemap whose rectangles are as square as can be.

Squarified treemaps (Bruls, Huizing and van Wijk, 2000). Knows areas; what they stand for is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_LARGE_ENOUGH = 4.0
"""Percent of the width below which a rectangle has no room for its name."""
_LINE = 6.5
"""Percent of the height that a line of text takes."""


@dataclass(frozen=True, slots=True)
class Area:
    """One rectangle."""

    index: int
    """Of the amount that it stands for."""
    x: float
    y: float
    width: float
    height: float


def areas(amounts: Sequence[float], width: float, height: float) -> list[Area]:
    """
    A rectangle for each amount, all of them filling one of `width` by `height`; the largest come first.

    Args:
        amounts: none is negative; those of nothing have no rectangle.
        width: of the whole.
        height: of the whole.
    """
    whole = sum(amounts)
    order = sorted((at for at, one in enumerate(amounts) if one > 0), key=lambda at: -amounts[at])
    scale = width * height / whole if whole else 0.0
    found: list[Area] = []
    x = y = 0.0
    while order:
        side = min(width, height)
        row, rest = _row([amounts[at] * scale for at in order], side)
        thick = sum(row) / side if side else 0.0
        along = 0.0
        for at, area in zip(order, row, strict=False):
            length = area / thick if thick else 0.0
            found.append(
                Area(at, x, y + along, thick, length) if width >= height else Area(at, x + along, y, length, thick)
            )
            along += length
        if width >= height:
            x, width = x + thick, width - thick
        else:
            y, height = y + thick, height - thick
        order = order[len(order) - rest :]
    return found


def _row(amounts: list[float], side: float) -> tuple[list[float], int]:
    """As many of the amounts as make the squarest row along a side, and how many are left."""
    row: list[float] = []
    for at, amount in enumerate(amounts):
        if row and _worst([*row, amount], side) > _worst(row, side):
            return row, len(amounts) - at
        row.append(amount)
    return row, 0


def _worst(row: list[float], side: float) -> float:
    """How far the least square rectangle of a row is from a square."""
    total = sum(row)
    return max(max(side * side * one / total**2, total**2 / (side * side * one)) for one in row)


def treemap_html(title: str, named: Sequence[tuple[str, float, str]]) -> Iterator[str]:
    """
    A treemap as HTML that any width fits.

    Args:
        title: stands above it.
        named: name, amount, and how the amount is written.
    """
    yield f'<h2>{escape(title)}</h2>\n<div class="treemap" role="img" aria-label="{escape(title)}">\n'
    for at, one in enumerate(areas([amount for _, amount, _ in named], 100.0, 100.0)):
        name, _, written = named[one.index]
        place = f"left:{one.x:.2f}%;top:{one.y:.2f}%;width:{one.width:.2f}%;height:{one.height:.2f}%"
        lines = (name, written)[: int(one.height // _LINE)] if one.width >= _LARGE_ENOUGH else ()
        text = "<br>".join(map(escape, lines))
        hue = (at * 47) % 360
        yield f'<div title="{escape(f"{name}: {written}")}" style="{place};--hue:{hue}">{text}</div>\n'
    yield "</div>\n"
