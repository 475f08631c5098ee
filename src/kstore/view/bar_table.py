"""
Tables of figures for a terminal: aligned columns, and a bar that shows each row's part of the whole.

Takes rows as values; knows nothing of what they count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kstore.printable import escaped
from kstore.view.styles import styled

_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL = "█"
_NARROWEST, _WIDEST = 6, 24


@dataclass(frozen=True)
class FigureTable:
    """
    A table: the first column is text and may be cut, the others are figures, to the right.

    Args:
        title: stands above it.
        headings: of the columns.
        rows: the cells, and of how large a part of the whole the bar shall tell; None for no bar.
        text_columns: further columns that hold text, to the left.
        note: a line below.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[tuple[Sequence[str], float | None]]
    text_columns: frozenset[int] = frozenset()
    note: str = ""
    empty: str = "none"
    cut_end: bool = False
    """Where the first column must be cut, cut its end instead of its middle."""


@dataclass(frozen=True)
class Terminal:
    """What the output can show."""

    width: int = 100
    color: bool = False

    def styled(self, text: str, style: str) -> str:
        """The text in a style (`bold`, `red`, …), where colours are shown."""
        return styled(text, style) if self.color and style else text


def bar(share: float, width: int) -> str:
    """A bar of so many cells, filled to eighths of a cell; never empty for what is not nothing."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    return (_FULL * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def figure_table_text(table: FigureTable, terminal: Terminal) -> Iterator[str]:
    """Yield a table's lines, no wider than the terminal as far as its first column can give way."""
    yield terminal.styled(table.title, "bold") + "\n"
    if not table.rows:
        yield f"  {table.empty}\n\n"
        return
    grid = [tuple(table.headings), *(tuple(map(escaped, cells)) for cells, _ in table.rows)]
    widths = [max(len(row[column]) for row in grid) for column in range(len(table.headings))]
    has_bars = any(share is not None for _, share in table.rows)
    others = sum(widths[1:]) + 2 * len(widths)
    left = terminal.width - others - widths[0] - (2 if has_bars else 0)
    bars = min(max(left, _NARROWEST), _WIDEST) if has_bars else 0
    if left < bars:
        widths[0] = max(widths[0] - (bars - left), 16)
    for number, row in enumerate(grid):
        share = table.rows[number - 1][1] if number else None
        line = "  " + "  ".join(
            _cut(cell, width, end=table.cut_end).ljust(width)
            if column == 0 or column in table.text_columns
            else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        if share is not None and bars:
            line += "  " + terminal.styled(bar(share, bars).rstrip(), "blue")
        yield line.rstrip() + "\n"
    if table.note:
        yield f"  {table.note}\n"
    yield "\n"


def _cut(text: str, width: int, *, end: bool) -> str:
    """The text, its middle left out where it is too long: of a key, both ends say something; or its end."""
    if len(text) <= width:
        return text
    if end:
        return f"{text[: width - 1]}…"
    head = (width - 1) // 3
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def fields_text(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield `name  value` lines, aligned."""
    found = list(pairs)
    width = max((len(name) for name, _ in found), default=0)
    for name, value in found:
        yield f"  {name.ljust(width)}  {value}\n"
