"""
Objects as kubectl's tables: one a resource, streamed.

Decides in which version an object is printed and what stands beside the server's columns; the columns are
`view.columns`'s, the text `view.text_table`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kstore.cli.listing import Reading, write
from kstore.errors import KstoreError, UsageError
from kstore.naming import GroupKind, GroupVersion, GroupVersionKind

if TYPE_CHECKING:
    from kstore.cli.session import Session
    from kstore.codec import StoredObject
    from kstore.view.text_table import Row, TableOptions


@dataclass(frozen=True)
class TableChoice:
    """What of a table is wanted."""

    wide: bool = False
    as_json: bool = False
    """Print the Table object itself, one a line."""
    namespace: bool = True
    """Namespaces in front, where there are any."""
    kind: bool = False
    """Names as `pod/web`: several resources are printed."""
    headers: bool = True
    labels: bool = False
    label_columns: tuple[str, ...] = ()
    storage_columns: tuple[str, ...] = ()
    now: datetime | None = None
    """The time that ages are counted to; None is now."""


def table_choice(
    output: str, *, namespace: bool, kind: bool, no_headers: bool = False, show_kind: bool = False,
    show_labels: bool = False, label_columns: tuple[str, ...] = (), storage_columns: str = "", now: str = "",
) -> TableChoice:  # fmt: skip
    """
    The options of a table, understood.

    Raises:
        UsageError: a storage column that there is not, or a time that is none.
    """
    from kstore.view.text_table import STORAGE_COLUMNS

    names = tuple(STORAGE_COLUMNS) if storage_columns == "all" else tuple(filter(None, storage_columns.split(",")))
    for name in names:
        if name not in STORAGE_COLUMNS:
            raise UsageError(f"{name!r} is no storage column", hint=f"there are {', '.join(STORAGE_COLUMNS)}, or all")
    try:
        moment = datetime.fromisoformat(now) if now else None
    except ValueError:
        raise UsageError(f"{now!r} is not a time", hint="write 2026-01-31T12:00:00Z") from None
    return TableChoice(
        wide=output == "wide",
        as_json=output == "table-json",
        namespace=namespace,
        kind=kind or show_kind,
        headers=not no_headers,
        labels=show_labels,
        label_columns=tuple(key for keys in label_columns for key in keys.split(",")),
        storage_columns=names,
        now=moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC),
    )


@dataclass(frozen=True, slots=True)
class Heading:
    """What a run of objects has in common."""

    gvk: GroupVersionKind
    """The kind in the version that it is printed in."""
    cells_of: GroupVersion
    """The version whose objects the cells are read from: of built-in kinds the server prints what it has stored."""
    namespaced: bool
    definition: dict[str, Any] | None
    """The CRD of a custom kind."""


def print_tables(session: Session, reading: Reading, stored: Iterable[StoredObject], choice: TableChoice) -> bool:
    """Print a table for each run of objects of one resource, and say whether there was any object at all."""
    between = ""
    for heading, members in groupby(stored, lambda read: heading_of(session, read, reading.to)):
        if choice.as_json:
            write([_table_json(session, reading, heading, members, choice)])
        else:
            write([between])
            write(_table_text(reading, heading, members, choice))
        between = "\n"
    return bool(between)


def heading_of(session: Session, read: StoredObject, to: GroupVersion | None) -> Heading:
    """What an object has in common with its neighbours, printed in a version, or in the one that is stored."""
    place = session.store.place(read.record.key)
    if place is None or not place.resource.kind:
        return Heading(read.gvk, read.gvk.group_version, b"/" in read.record.key.rpartition(b"/")[0], None)
    definition = place.resource.definition
    if definition is not None:
        own = GroupVersion(place.resource.group, getattr(place.resource, "storage_version", read.gvk.version))
        cells_of = to or own
    else:
        cells_of = own = session.codec.scheme.storage_version(read.gvk)
    version = to or own
    name = GroupVersionKind(version.group, version.version, read.gvk.kind)
    return Heading(name, cells_of, place.resource.namespaced, definition)


def in_version(
    reading: Reading, heading: Heading, stored: Iterable[StoredObject], *, as_stored: bool = False
) -> Iterator[tuple[StoredObject, dict[str, Any]]]:
    """
    The objects as the server prints them, or as they are where that version cannot be had.

    What is stored is not what is printed: reading it, the server sets the defaults that its release has by now.

    Args:
        reading: how they are shown.
        heading: what they have in common.
        stored: the objects.
        as_stored: what the server would fill in is not looked at (`Printer.as_stored`).
    """
    version = heading.cells_of
    from kstore.codec import Undecodable

    if reading.to == version:
        yield from reading.shown(stored)
        return
    if reading.to is not None:  # what cannot be had in the version that was asked for is reported, and not printed
        stored = (read for read, _ in reading.shown(stored))
    for read in stored:
        try:
            if as_stored and read.gvk.group_version == version:
                served = reading.store.codec.decode(read.plain).object
            else:
                served = reading.store.as_version(read, version)
        except KstoreError:
            whole = reading.store.codec.read(read.record)  # what is at hand may be its metadata alone
            if isinstance(whole, Undecodable):
                reading.report(read.record, whole.error)
                continue
            served = whole.object
        yield read, reading.presented(read, served)


def _table_json(
    session: Session, reading: Reading, heading: Heading, stored: Iterable[StoredObject], choice: TableChoice
) -> str:
    from kstore.view.columns import table
    from kstore.view.json_text import to_json_line

    objects = (obj for _, obj in in_version(reading, heading, stored))
    revision = str(session.given.rev or session.source.status().revision)
    return to_json_line(
        table(
            heading.gvk,
            objects,
            choice.now or datetime.now(UTC),
            heading.definition,
            resource_version=revision,
            release=session.release,
        )
    )


def _table_text(
    reading: Reading, heading: Heading, stored: Iterable[StoredObject], choice: TableChoice
) -> Iterator[str]:
    from kstore.view.columns import printer_for
    from kstore.view.text_table import table_text

    printer = printer_for(heading.gvk, heading.definition, reading.store.codec.scheme.release)
    rows = _rows(reading, heading, printer, stored, choice)
    return table_text(printer.columns, rows, text_options(reading, heading, choice))


def text_options(reading: Reading, heading: Heading, choice: TableChoice) -> TableOptions:
    """What of a table of such objects is shown."""
    from kstore.view.text_table import TableOptions

    return TableOptions(
        wide=choice.wide,
        headers=choice.headers,
        namespace=choice.namespace and heading.namespaced,
        cluster=reading.store.layout.clusters,
        show_labels=choice.labels,
        label_columns=choice.label_columns,
        storage_columns=choice.storage_columns,
        kind=GroupKind(heading.gvk.group, heading.gvk.kind) if choice.kind else None,
    )


def _rows(
    reading: Reading, heading: Heading, printer: Any, stored: Iterable[StoredObject], choice: TableChoice
) -> Iterator[Row]:
    from kstore.view.columns.reading import part
    from kstore.view.text_table import Row

    # a printer may reorder its objects: each row finds its record by the object that comes back
    waiting: dict[int, StoredObject] = {}

    def objects() -> Iterator[dict[str, Any]]:
        for read, obj in in_version(reading, heading, stored, as_stored=printer.as_stored):
            waiting[id(obj)] = read
            yield obj

    for obj, cells in printer.rows(objects(), choice.now or datetime.now(UTC)):
        read = waiting.pop(id(obj))
        storage = storage_cells(read) if choice.storage_columns else {}
        yield Row(cells, part(obj, "metadata"), storage, reading.store.cluster_of(read.record.key))


def storage_cells(read: StoredObject) -> dict[str, Any]:
    """How an object is stored, by the names of `STORAGE_COLUMNS`."""
    return {
        "stored-version": read.gvk.api_version,
        "encoding": read.encoding,
        "encryption": _encryption(read),
        "size": len(read.record.value),
        "revision": read.record.mod_revision,
        "lease": f"{read.record.lease:x}" if read.record.lease else "",
    }


def _encryption(read: StoredObject) -> str:
    """Who encrypted a value, with which key, and whether the configuration would encrypt it again."""
    encrypted = read.encryption_header.with_key_id if read.encryption_header else ""
    return ", ".join(filter(None, (encrypted, "stale" if read.stale else "")))
