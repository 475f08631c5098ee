"""
Rows of named columns as text: a table, Markdown, CSV, JSON and JSON Lines.

Knows cells and layouts; not where the rows come from. A cell of a table or of CSV is one line.
"""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice
from typing import Any, Final

from kstore.decode.json.raw_json import RawJSON
from kstore.printable import one_line
from kstore.view.json_text import indented, to_json, to_json_line
from kstore.view.tab_writer import BLOCK, TabWriter, column_width

Rows = Iterable[Sequence[Any]]

NONE: Final = "<none>"
"""What a table shows for what is not there, as kubectl does."""
_JSON: Final = "JSON"
_SHORTEST: Final = 32
"""No cell is cut to less: the beginnings of keys and names are much the same."""


def plain_value(value: Any, kind: str = "") -> Any:
    """
    A value as JSON has it: times in RFC 3339, numbers as numbers, bytes in base64.

    Args:
        value: what the database returned.
        kind: its type; the text of `JSON` is JSON itself.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return RawJSON(value.encode("utf-8", "surrogatepass")) if kind == _JSON else value
    if isinstance(value, Mapping):
        return {_key(name): plain_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        inner = kind.removesuffix("[]") if kind.endswith("[]") else ""
        return [plain_value(item, inner) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)  # intervals and UUIDs


def _key(name: Any) -> str:
    return name if isinstance(name, str) else str(plain_value(name))


def cell_text(value: Any, kind: str = "", *, none: str = NONE) -> str:
    """A value as the text of a cell; text in JSON is shown without its quotes."""
    found = plain_value(value, kind)
    if isinstance(found, RawJSON):
        found = found.value
    if found is None:
        return none
    if isinstance(found, str):
        return found
    return to_json_line(found).rstrip("\n")


def table_text(columns: Sequence[str], kinds: Sequence[str], rows: Rows, *, most: int = 0) -> Iterator[str]:
    """
    Columns aligned as kubectl aligns them, block by block.

    Args:
        columns: their names.
        kinds: their types.
        rows: the values.
        most: characters of a cell; what is longer is cut and ends in an ellipsis. 0 cuts nothing.
    """

    def line(cells: Iterable[str]) -> str:
        return "\t".join(_cut(one_line(cell), most) for cell in cells)

    def lines() -> Iterator[str]:
        yield line(name.upper() for name in columns)
        for row in rows:
            yield line(cell_text(value, kind) for value, kind in zip(row, kinds, strict=True))

    return TabWriter().stream(lines())


def terminal_text(columns: Sequence[str], kinds: Sequence[str], rows: Rows, width: int) -> Iterator[str]:
    """
    A table for a terminal: cells are cut until a line fits; what has too many columns for that is shown row by row.

    Args:
        columns: their names.
        kinds: their types.
        rows: the values; the first ones decide.
        width: columns of the terminal.
    """
    remaining = iter(rows)
    first = list(islice(remaining, BLOCK))
    texts = [[one_line(cell_text(value, kind)) for value, kind in zip(row, kinds, strict=True)] for row in first]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    every = chain(first, remaining)
    if most := _most_that_fits(widths, width):
        yield from table_text(columns, kinds, every, most=most)
    else:
        yield from records_text(columns, kinds, every, width)


def _most_that_fits(widths: Sequence[int], width: int) -> int:
    """How long a cell may be at most for a line to fit; 0 where cells would be too short to be of use."""
    for most in range(width, _SHORTEST - 1, -1):
        *before, last = (min(one, most) for one in widths)
        if sum(column_width(one) for one in before) + last <= width:
            return most
    return _SHORTEST if len(widths) == 1 else 0


def records_text(columns: Sequence[str], kinds: Sequence[str], rows: Rows, width: int) -> Iterator[str]:
    """Each row as lines of a name and a value, with an empty line between rows; a value that is too long is cut."""
    names = [one_line(name) for name in columns]
    beside = max(map(len, names), default=0) + 2
    for number, row in enumerate(rows):
        cells = (one_line(cell_text(value, kind)) for value, kind in zip(row, kinds, strict=True))
        lines = [
            f"{name:{beside}}{_cut(cell, max(width - beside, 1))}" for name, cell in zip(names, cells, strict=True)
        ]
        yield "\n" * bool(number) + "".join(f"{line.rstrip()}\n" for line in lines)


def _cut(text: str, most: int) -> str:
    return text if not most or len(text) <= most else f"{text[: most - 1]}…"


def markdown_text(columns: Sequence[str], kinds: Sequence[str], rows: Rows) -> Iterator[str]:
    """A table in GitHub's Markdown."""
    yield _markdown_line(columns)
    yield _markdown_line(["---"] * len(columns))
    for row in rows:
        yield _markdown_line([cell_text(value, kind, none="") for value, kind in zip(row, kinds, strict=True)])


def _markdown_line(cells: Iterable[str]) -> str:
    marked = (one_line(cell).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;") for cell in cells)
    return f"| {' | '.join(marked)} |\n"


def csv_text(columns: Sequence[str], kinds: Sequence[str], rows: Rows) -> Iterator[str]:
    """CSV as RFC 4180 has it, with a header; an empty cell is what is not there."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell_text(value, kind, none="") for value, kind in zip(row, kinds, strict=True)])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def jsonl_text(columns: Sequence[str], kinds: Sequence[str], rows: Rows) -> Iterator[str]:
    """An object a row, a line each."""
    names = _distinct(columns)
    for row in rows:
        yield to_json_line(_object(names, kinds, row))


def json_text(columns: Sequence[str], kinds: Sequence[str], rows: Rows) -> Iterator[str]:
    """One list of objects."""
    names = _distinct(columns)
    before = "["
    for row in rows:
        yield f"{before}\n    {indented(to_json(_object(names, kinds, row)), '    ')}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _object(names: Sequence[str], kinds: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return {name: plain_value(value, kind) for name, kind, value in zip(names, kinds, row, strict=True)}


def _distinct(columns: Sequence[str]) -> list[str]:
    """Names of members: a second column of the same name has a number, so that none is lost."""
    found: list[str] = []
    for name in columns:
        wanted, number = name, 2
        while wanted in found:
            wanted, number = f"{name}_{number}", number + 1
        found.append(wanted)
    return found


FORMS: Final[dict[str, Callable[[Sequence[str], Sequence[str], Rows], Iterator[str]]]] = {
    "table": table_text,
    "markdown": markdown_text,
    "csv": csv_text,
    "json": json_text,
    "jsonl": jsonl_text,
}
"""By the word of `-o`."""
