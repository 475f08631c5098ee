"""
Columns of plain text, aligned as kubectl aligns them.

Ports the layout of `github.com/liggitt/tabwriter` with the settings of `cli-runtime/pkg/printers/tabwriter.go`: a
column is as wide as its widest cell and three spaces, six at least, and never shrinks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

_MINIMUM = 6
_PADDING = 3

BLOCK = 100
"""Lines that are measured together before any is printed; kubectl flushes as often."""


def column_width(cell: int) -> int:
    """What a column takes whose widest cell has so many characters, the space behind it included."""
    return max(_MINIMUM, cell + _PADDING)


class TabWriter:
    """Lays out blocks of lines whose cells are separated by tabs; widths are remembered from block to block."""

    def __init__(self) -> None:
        self._remembered: list[int] = []

    def lay_out(self, text: str) -> str:
        """Align a block of whole lines; the last cell of a line belongs to no column."""
        lines = [line.split("\t") for line in text.split("\n")]
        out: list[str] = []
        self._format(lines, 0, len(lines), [], out)
        return "\n".join(out)

    def stream(self, lines: Iterable[str], block: int = BLOCK) -> Iterator[str]:
        """
        Align lines block by block, each block one piece of text.

        Where a later block needs more room, its columns shift: the price of showing the first rows at once.
        """
        remaining = iter(lines)
        while part := list(islice(remaining, block)):
            yield self.lay_out("\n".join(part)) + "\n"

    def _format(self, lines: list[list[str]], first: int, end: int, widths: list[int], out: list[str]) -> None:
        column = len(widths)
        at = first
        while at < end:
            if column >= len(lines[at]) - 1:
                at += 1
                continue
            _write(lines[first:at], widths, out)
            first = at
            widest = 0
            while at < end and column < len(lines[at]) - 1:
                widest = max(widest, len(lines[at][column]))
                at += 1
            widths.append(self._remember(column, column_width(widest)))
            self._format(lines, first, at, widths, out)
            widths.pop()
            first = at
        _write(lines[first:end], widths, out)

    def _remember(self, column: int, width: int) -> int:
        if column == len(self._remembered):
            self._remembered.append(width)
        self._remembered[column] = max(width, self._remembered[column])
        return self._remembered[column]


def _write(lines: list[list[str]], widths: list[int], out: list[str]) -> None:
    for line in lines:
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        out.append("".join(padded + line[len(widths) :]))
