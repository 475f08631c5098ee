"""
The order and the widths of a table's columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from kstore.cli.browse.contents import Line
from kstore.printable import one_line

if TYPE_CHECKING:
    from rich.console import JustifyMethod


@dataclass(frozen=True, slots=True)
class Order:
    """By which column a table is sorted."""

    column: int
    reverse: bool = False

    @property
    def sign(self) -> str:
        """What stands behind the column's name."""
        return " ↓" if self.reverse else " ↑"

    def of(self, line: Line) -> tuple[int, float, str]:
        """What a line is sorted by: numbers, sizes and ages by how much they are, other cells as texts."""
        cell = line.cells[self.column] if self.column < len(line.cells) else ""
        amount = amount_of(cell)
        return (0, amount, cell) if amount is not None else (1, 0.0, cell)


_UNITS = {"B": 1.0, "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3, "TiB": 1024.0**4}
_FIGURES = ("COUNT", "SIZE")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 31536000}


def amount_of(cell: str) -> float | None:
    """How much `945 KiB`, `4d18h`, `2/3` or `12` are; None for what is no amount."""
    number, _, unit = cell.partition(" ")
    try:
        if unit in _UNITS:
            return float(number) * _UNITS[unit]
        return float(number.partition("/")[0]) if not unit or unit.startswith("(") else None
    except ValueError:
        parts = re.findall(r"(\d+)([smhdy])", cell)
        whole = "".join(map("".join, parts)) == cell
        return float(sum(int(count) * _SECONDS[one] for count, one in parts)) if parts and whole else None


def justified(column: str) -> JustifyMethod:
    """Counts and sizes end at the right, as `ls` has them; kubectl's columns begin at the left."""
    return "right" if column in _FIGURES else "left"


def widths_of(columns: tuple[str, ...], lines: list[Line]) -> tuple[int, ...]:
    """How wide each column's widest cell is; its name has room for the sign of the order."""
    widths = [cell_len(one_line(name)) + 2 for name in columns]
    for line in lines:
        for at, cell in enumerate(line.cells[: len(widths)]):
            widths[at] = max(widths[at], cell_len(one_line(cell)))
    return tuple(widths)


def versions_first(row: tuple[str, ...]) -> tuple[str, ...]:
    """The figures of `ls` with STORED AS in front of ENCODING: on 80 columns the last ones are cut off."""
    count, size, encoding, stored_as, note = row
    return count, size, stored_as, encoding, note
