"""
The tables that a query may name: objects, one for each resource, history, findings, resources and leases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kstore.catalog.json_layout import layout
from kstore.catalog.mapper import NamedResource
from kstore.decode.projection import EVERYTHING as EVERYTHING_OF_AN_OBJECT
from kstore.decode.projection import Projection
from kstore.errors import ExtraMissing, UnknownResource, Unsupported, UsageError
from kstore.inspect.findings import Finding
from kstore.naming import GroupVersionKind, parse_group_version
from kstore.similar import question, similar
from kstore.sql.asked_store import AskedStore
from kstore.sql.columns import (
    BOOLEAN,
    INTEGER,
    MEMBERS,
    OBJECTS,
    PLACES,
    REVISIONS,
    STRING,
    STRINGS,
    Column,
    Row,
    member_column,
    projection_of,
)
from kstore.sql.keys import EVERYTHING, Keys, records, revisions

_ENVELOPE: Final = frozenset({"apiVersion", "kind"})


@dataclass(frozen=True)
class Wanted:
    """What of a table is read."""

    columns: Sequence[Column]
    projection: Projection
    keys: Keys = EVERYTHING


@dataclass(frozen=True)
class Table:
    """
    A table over some stores.

    Args:
        name: as it is documented.
        columns: in order.
        rows: yields what the columns are computed of.
        about: what a row is.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Wanted], Iterator[Any]]
    about: str

    def wanted(self, names: set[str] | None, narrowed: Mapping[str, Any], keys: Keys) -> Wanted:
        """
        What must be read of it.

        Args:
            names: the columns, in lower case; None for all.
            narrowed: for a column of JSON, the only paths in it that are looked at.
            keys: those that are meant.
        """
        columns = [one for one in self.columns if names is None or one.name.lower() in names]
        columns = columns or [self.columns[0]]  # rows are to be counted
        return Wanted(columns, projection_of(columns, narrowed), keys)


class Tables:
    """
    All tables of some stores.

    Args:
        stores: the stores.
    """

    def __init__(self, stores: Sequence[AskedStore]) -> None:
        self._stores = tuple(stores)
        every = self._stores
        self._fixed = {
            table.name: table
            for table in (
                Table("objects", OBJECTS, lambda wanted: _objects(every, wanted), "a stored object"),
                Table("history", REVISIONS, lambda wanted: _history(every, wanted), "a revision that is still held"),
                Table("findings", _FINDINGS, lambda _: _findings(every), "a finding of the checks"),
                Table("resources", _RESOURCES, lambda _: _resources(every), "a resource that is known"),
                Table("leases", _LEASES, lambda _: _leases(every), "a lease of etcd"),
            )
        }

    def find(self, name: str) -> Table:
        """
        The table of a name: one of the fixed ones, or a resource's by any name that kubectl takes.

        Raises:
            UsageError: there is none.
        """
        fixed = self._fixed.get(name.lower())
        if fixed is not None:
            return fixed
        found: list[tuple[AskedStore, list[NamedResource]]] = []
        for asked in self._stores:
            try:
                found.append((asked, asked.store.resources(name)))
            except UnknownResource:
                continue
        if not found:
            raise self._no_table(name)
        columns = (*OBJECTS, *_members([resource for _, resources in found for resource in resources], self._stores))
        return Table(name, columns, lambda wanted: _of_resources(found, wanted), f"a stored object of {name}")

    def _no_table(self, name: str) -> UsageError:
        last = name.rpartition(".")[2]
        close = similar(name.lower(), self.names(), most=3) or similar(last, self._fixed, most=3)
        every = f"there are {', '.join(self._fixed)}, and each of `store.resources()`"
        return UsageError(f"there is no table {name!r}: no resource has that name", hint=question(*close) or every)

    def names(self) -> list[str]:
        """The fixed tables, and each resource: by its plural, or with its group where another has the same plural."""
        plain: dict[str, str] = {}
        found: list[str] = []
        for one in (resource for asked in self._stores for resource in asked.resources):
            full = f"{one.resource}.{one.group}".rstrip(".")
            taken = plain.setdefault(one.resource, full)
            found.append(one.resource if taken == full and one.resource not in self._fixed else full)
        return list(dict.fromkeys([*self._fixed, *sorted(found)]))

    @property
    def fixed(self) -> tuple[Table, ...]:
        """The tables that every store has."""
        return tuple(self._fixed.values())


def read_table(table: Table, names: Iterable[str] | None = None) -> Any:
    """
    A table as a RecordBatchReader, which computes its batches as they are read.

    Args:
        table: the table.
        names: the columns wanted, in order; None for all.

    Raises:
        UsageError: there is no such column.
        ExtraMissing: pyarrow is not installed.
    """
    from kstore.sql.arrow import pyarrow_reader_of

    known = {one.name: one for one in table.columns}
    chosen = list(known if names is None else names)
    for name in chosen:
        if name not in known:
            raise UsageError(f"{table.name} has no column {name!r}", hint=f"there are {', '.join(known)}")
    columns = [known[name] for name in chosen]
    try:
        return pyarrow_reader_of(table.rows(Wanted(columns, projection_of(columns, {}))), columns)
    except ImportError:
        raise ExtraMissing("Arrow needs pyarrow and arro3", extra="parquet") from None


def object_rows(store: AskedStore) -> Iterator[Row]:
    """All of a store's objects, whole."""
    return _rows(store, Wanted(OBJECTS, EVERYTHING_OF_AN_OBJECT), EVERYTHING)


def _members(resources: Sequence[NamedResource], stores: Sequence[AskedStore]) -> Iterator[Column]:
    """The columns of JSON that a resource has: metadata, spec, status, and what else its type has at the top."""
    taken = {column.name for column in OBJECTS} | _ENVELOPE
    names = dict.fromkeys(column.name for column in MEMBERS)
    for resource in resources:
        names |= dict.fromkeys(_top_members(resource, stores[0]))
    known = {column.name: column for column in MEMBERS}
    for name in names:
        if name.lower() not in {one.lower() for one in taken}:
            taken |= {name}
            yield known.get(name) or member_column(name, f"{name}, as JSON.")


def _top_members(resource: NamedResource, asked: AskedStore) -> Iterator[str]:
    catalog = asked.store.codec.scheme.catalog
    if resource.definition is not None:
        return
    for version in resource.versions:
        found = GroupVersionKind(resource.group, parse_group_version(version).version, resource.kind)
        if catalog.has_kind(found):
            yield from layout(catalog, catalog.kind(found).type).members


# ---- rows


def _objects(stores: Sequence[AskedStore], wanted: Wanted) -> Iterator[Row]:
    for asked in stores:
        yield from _rows(asked, wanted, wanted.keys)


def _of_resources(found: Sequence[tuple[AskedStore, Sequence[NamedResource]]], wanted: Wanted) -> Iterator[Row]:
    for asked, resources in found:
        for one in resources:
            own = Keys.of(resource=[one.resource], group=[one.group])
            yield from _rows(asked, wanted, wanted.keys.both(own))


def _rows(asked: AskedStore, wanted: Wanted, keys: Keys) -> Iterator[Row]:
    codec, projection = asked.store.codec, wanted.projection
    for record in records(asked, keys):
        row = Row(asked, codec.read(record, projection), record)
        if row.stored is None:
            asked.unreadable(row.read)  # type: ignore[arg-type]  # then it is Undecodable
        yield row


def _history(stores: Sequence[AskedStore], wanted: Wanted) -> Iterator[Row]:
    for asked in stores:
        codec = asked.store.codec
        for one in revisions(asked, wanted.keys):
            yield Row(asked, None if one.deleted else codec.read(one.record, wanted.projection), one.record)


def _findings(stores: Sequence[AskedStore]) -> Iterator[tuple[AskedStore, Finding]]:
    from kstore.inspect.checks import run_checks
    from kstore.inspect.survey import Survey

    for asked in stores:
        for one in run_checks(Survey(asked.store, asked.store.codec.scheme.release), worded=asked.worded):
            yield asked, one


def _resources(stores: Sequence[AskedStore]) -> Iterator[tuple[AskedStore, NamedResource]]:
    for asked in stores:
        for resource in asked.resources:
            yield asked, resource


def _leases(stores: Sequence[AskedStore]) -> Iterator[tuple[AskedStore, int, int]]:
    for asked in stores:
        try:
            found = asked.store.source.leases()
        except Unsupported:
            continue  # this kind of store has none
        for lease, seconds in sorted(found.items()):
            yield asked, lease, seconds


def _storage_version(row: tuple[AskedStore, NamedResource]) -> str:
    from kstore.view.resource_text import storage_version

    asked, resource = row
    found = storage_version(resource, asked.store.codec.scheme.release)
    return str(found) if found else ""


_STORE: Final = Column("store", STRING, "The store's address.", lambda row: row[0].address)
_RESOURCES: Final = (
    _STORE,
    Column("resource", STRING, "The plural.", lambda row: row[1].resource),
    Column("group", STRING, "The API group; empty for the core group.", lambda row: row[1].group),
    Column("kind", STRING, "The kind of its objects.", lambda row: row[1].kind),
    Column("singular", STRING, "Its name for one object.", lambda row: row[1].singular),
    Column("short_names", STRINGS, "What else it is called.", lambda row: list(row[1].short_names)),
    Column("categories", STRINGS, "Such as `all`.", lambda row: list(row[1].categories)),
    Column("namespaced", BOOLEAN, "Whether its objects are in namespaces.", lambda row: row[1].namespaced),
    Column("versions", STRINGS, "The versions that it has, the preferred one first.",
           lambda row: list(row[1].versions)),
    Column("storage_version", STRING, "The apiVersion that the release stores it in; empty where none is known.",
           _storage_version),
    Column("prefix", STRING, "What the keys of its objects begin with.",
           lambda row: f"{row[0].store.prefix}/{row[1].key_prefix}/"),
    Column("custom", BOOLEAN, "Whether a CRD of the store defines it.", lambda row: row[1].definition is not None),
)  # fmt: skip
_LEASES: Final = (
    _STORE,
    Column("lease", INTEGER, "Its number; objects name it in the column of the same name.", lambda row: row[1]),
    Column("ttl", INTEGER, "Seconds that it was granted for.", lambda row: row[2]),
)
_FINDINGS: Final = (
    _STORE,
    Column("id", STRING, "The check.", lambda row: row[1].rule.id),
    Column("severity", STRING, "`error`, `warning` or `note`.", lambda row: row[1].rule.severity),
    Column("title", STRING, "What the check found.", lambda row: row[1].rule.title),
    Column("subject", STRING, "What it is about: a version, a resource, a namespace.", lambda row: row[1].subject),
    Column("count", INTEGER, "In how many places.", lambda row: row[1].count),
    Column("why", STRING, "Why it matters.", lambda row: row[1].rule.why),
    Column("command", STRING, "The commands that repair it.", lambda row: row[1].command),
    Column("hint", STRING, "What else to do.", lambda row: "; ".join(row[1].remarks)),
    Column("keys", PLACES, "The first thousand places: `key` and `detail`.",
           lambda row: [{"key": key, "detail": detail} for key, detail in row[1].keys]),
)  # fmt: skip
