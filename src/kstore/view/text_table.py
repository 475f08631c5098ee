"""
Tables as `kubectl get` prints them: from the server's columns and cells to aligned text.

Ports `cli-runtime/pkg/printers/tableprinter.go`. Takes rows as values, from wherever they come, and streams: what is
printed first does not wait for what comes last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from kstore.naming import GroupKind
from kstore.printable import escaped
from kstore.scalars.go_float import go_g
from kstore.scalars.selectors import format_labels
from kstore.view.columns import Column
from kstore.view.tab_writer import BLOCK, TabWriter

_BREAK = re.compile("[\f\n\r]")

STORAGE_COLUMNS: dict[str, Column] = {
    "stored-version": Column("Stored Version", "string", description="The version that the object is stored in."),
    "encoding": Column("Encoding", "string", description="protobuf, json or cbor."),
    "encryption": Column("Encryption", "string", description="The provider and key that encrypted the value."),
    "size": Column("Size", "integer", description="Bytes of the stored value."),
    "revision": Column("Revision", "integer", description="The revision that last changed the key."),
    "lease": Column("Lease", "string", description="The lease that the key is bound to."),
}
"""What can be shown of how an object is stored, by the name it is asked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a table."""

    cells: Sequence[Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The object's metadata: its namespace and labels."""
    storage: Mapping[str, Any] = field(default_factory=dict)
    """How the object is stored, by the names of `STORAGE_COLUMNS`."""
    cluster: str = ""
    """Its logical cluster, in a store that has them."""
    event: str = ""
    """What happened to the object, where that is shown."""


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What of a table is shown."""

    wide: bool = False
    """Columns of a priority above 0, too."""
    headers: bool = True
    namespace: bool = False
    """A column of namespaces in front (`-A`)."""
    cluster: bool = False
    """A column of logical clusters before that."""
    show_labels: bool = False
    """A column of all labels at the end."""
    label_columns: tuple[str, ...] = ()
    """Labels that get a column each (`-L`)."""
    storage_columns: tuple[str, ...] = ()
    """Names of `STORAGE_COLUMNS`, behind the server's columns."""
    events: bool = False
    """A column in front of what happened (`--output-watch-events`)."""
    kind: GroupKind | None = None
    """Put before the names (`pod/web`), as where several kinds are listed."""


def _plain(cell: Any) -> str:
    """A cell as Go's `fmt.Sprint` prints it; nothing for a null."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return go_g(cell) if isinstance(cell, float) else str(cell)


def cell_text(cell: Any) -> str:
    """
    A cell as kubectl prints it: nothing for a null, only the first line of a text.

    What would steer the terminal is made visible.
    """
    written = _plain(cell)
    if match := _BREAK.search(written):
        written = written[: match.start()] + "..."
    return escaped(written)


Reader = Callable[[Row], Any]


def _cell(index: int) -> Reader:
    return lambda row: row.cells[index] if index < len(row.cells) else None


def _named(index: int, kind: GroupKind) -> Reader:
    prefix = str(kind).lower()
    return lambda row: f"{prefix}/{row.cells[index]}"


def _label(key: str) -> Reader:
    return lambda row: (row.metadata.get("labels") or {}).get(key)


def _stored(name: str) -> Reader:
    return lambda row: row.storage.get(name)


def readers(columns: Sequence[Column], options: TableOptions) -> Iterator[tuple[str, Reader]]:
    """Each shown column's header, and what reads its cells from a row (`decorateTable`)."""
    if options.cluster:
        yield "Cluster", lambda row: row.cluster
    if options.events:
        yield "Event", lambda row: row.event
    if options.namespace:
        yield "Namespace", lambda row: row.metadata.get("namespace", "")
    kind = options.kind
    for index, column in enumerate(columns):
        named = kind is not None and column.format == "name" and column.type == "string"
        if options.wide or column.priority == 0:
            yield column.name, _named(index, kind) if named and kind is not None else _cell(index)
        if named:
            kind = None
    for name in options.storage_columns:
        yield STORAGE_COLUMNS[name].name, _stored(name)
    for key in options.label_columns:
        yield key.rpartition("/")[2], _label(key)
    if options.show_labels:
        yield "Labels", lambda row: format_labels(row.metadata.get("labels"))


def table_text(
    columns: Sequence[Column],
    rows: Iterable[Row],
    options: TableOptions,
    *,
    block: int | None = BLOCK,
    first_block: int | None = None,
) -> Iterator[str]:
    """
    A table as text, in pieces of whole lines; nothing at all when there are no rows.

    Args:
        columns: the server's columns.
        rows: the rows, in the order they are shown.
        options: what of them is shown.
        block: rows that are measured together; None measures all before the first is shown, as kubectl does.
        first_block: how many are measured together at first, if not so many.
    """
    shown = list(readers(columns, options))
    header = [name.upper() for name, _ in shown]
    cells = ([_plain(read(row)) for _, read in shown] for row in rows)
    writer = TabWriter()
    first = True
    while part := list(islice(cells, first_block or block)):
        first_block = None
        lines = [[cell_text(cell) for cell in row] for row in part]
        if first:
            if options.headers:
                lines.insert(0, header)
            _widen(lines[0], header if options.headers else part[0], part)
        first = False
        yield writer.lay_out("\n".join(map("\t".join, lines))) + "\n"


def _widen(line: list[str], measured: list[str], rows: list[list[str]]) -> None:
    """
    Pad the first line to the widest cell of each column but the last, so that the columns are wide enough at once.

    kubectl measures bytes here, and cells in full length (`printTable`): what is not ASCII, or cut off at a line's
    end, makes for wider columns than it needs.
    """
    for index in range(len(line) - 1):
        width = max(len(row[index].encode()) for row in rows)
        line[index] += " " * (width - len(measured[index].encode()))
