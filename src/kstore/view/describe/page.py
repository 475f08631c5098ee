"""
A page as labels with values, lists, tables and further labels below them; and its text.

Knows alignment; what is on a page is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

INDENT = "  "
_WIDEST_LABEL = 28
"""Labels beyond this do not push everybody's values to the right."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a label; without any, the label says none."""

    headers: Sequence[str]
    rows: Sequence[Sequence[object]]


Page: TypeAlias = "list[tuple[str, Value]]"
Value: TypeAlias = "str | list[str] | Table | Page"
"""
Labels with what they say: a text, lines of text, a table, or a page of its own. A page without a label stands between
its neighbours as an element of a list, marked by a dash.
"""


def render(page: Page) -> str:
    """The text of a page, a newline at its end."""
    return "".join(f"{line}\n" for line in _lines(page))


def _lines(page: Page, indent: str = "") -> Iterator[str]:
    widths = [len(label) for label, value in page if isinstance(value, str) or _is_text(value) or _is_empty(value)]
    width = max([width for width in widths if width <= _WIDEST_LABEL], default=0) + 3
    for label, value in page:
        yield from _entry(label, value, width, indent)


def _is_empty(value: object) -> bool:
    return isinstance(value, Table) and not value.rows


def _is_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(line, str) for line in value)


def _entry(label: str, value: object, width: int, indent: str) -> Iterator[str]:
    head = f"{indent}{label}:"
    if isinstance(value, str):
        value = value.split("\n") if "\n" in value else [value]
    if isinstance(value, Table) and value.rows:
        yield head
        yield from _table(value, indent + INDENT)
    elif isinstance(value, list) and value and not _is_text(value):
        inner = indent + INDENT
        if label:
            yield head
            yield from _lines(value, inner)
            return
        for index, line in enumerate(_lines(value, inner)):
            yield f"{indent}- {line[len(inner) :]}" if index == 0 else line
    else:
        texts = [str(line) for line in value] if isinstance(value, list) and value else ["<none>"]
        padding = " " * max(width - len(label) - 1, 1)
        yield f"{head}{padding}{texts[0]}".rstrip()
        for line in texts[1:]:
            yield f"{indent}{' ' * width}{line}".rstrip()


def _table(table: Table, indent: str) -> Iterator[str]:
    rows = [[str(header).upper() for header in table.headers], *([str(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.headers))]
    for row in rows:
        cells = (cell.replace("\n", " ") + " " * (width - len(cell)) for cell, width in zip(row, widths, strict=True))
        yield f"{indent}{'  '.join(cells)}".rstrip()
