"""
Queries by DuckDB, in this process: only the tables, columns and keys that a query names are read.

DuckDB reads nothing but these tables: no file, no address, no extension, no variable of the program, and nothing can be
changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from kstore.errors import ExtraMissing, KstoreError, UsageError
from kstore.similar import did_you_mean
from kstore.sql.arrow import batches, schema_of
from kstore.sql.asked_store import AskedStore
from kstore.sql.query import Uses, uses_of
from kstore.sql.tables import Table, Tables, Wanted

if TYPE_CHECKING:
    import duckdb
    from duckdb import DuckDBPyRelation as DuckDBPyRelation

_SETTINGS: Final = """\
set threads = 1;  -- rows come from Python, one at a time
set TimeZone = 'UTC';
set python_enable_replacements = false;
set autoinstall_known_extensions = false;
set autoload_known_extensions = false;
set temp_directory = '';
set enable_external_access = false;
"""
_EXPLAIN: Final = re.compile(r"\s*explain\s+(analyze\s+)?", re.I)
_NO_COLUMN: Final = re.compile(r'(?:Referenced column|column named) "([^"]+)"')
_GROUP: Final = re.compile(r'(?<!")\bgroup\b(?!"|\s+by\b)', re.I)
_OF_DUCKDB: Final = ("duckdb_", "pg_", "sqlite_")
"""What the names of DuckDB's own tables begin with, where they stand without their schema."""
_SCHEMAS_OF_DUCKDB: Final = ("information_schema", "pg_catalog")
_ROWS: Final = 1_000


class _Stream:
    """
    A table as DuckDB reads it: each scan computes its batches anew.

    Args:
        table: the table.
        wanted: what of it is read.
        faults: takes the error that ends a scan, which DuckDB would tell as text only.
    """

    def __init__(self, table: Table, wanted: Wanted, faults: list[BaseException]) -> None:
        self._table = table
        self._wanted = wanted
        self._faults = faults
        self.schema = schema_of(wanted.columns)
        """What DuckDB binds names to; no row is read for it."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The batches, by Arrow's PyCapsule interface."""
        from arro3.core import RecordBatchReader

        return RecordBatchReader.from_batches(self.schema, self._batches()).__arrow_c_stream__()

    def _batches(self) -> Iterator[Any]:
        try:
            yield from batches(self._table.rows(self._wanted), self._wanted.columns, self.schema)
        except GeneratorExit:
            raise
        except BaseException as error:
            self._faults.append(error)
            raise


@dataclass
class Query:
    """A statement, its tables registered with a connection that is its own."""

    text: str
    connection: duckdb.DuckDBPyConnection
    read: dict[str, tuple[Table, Wanted]]
    """The tables that it reads, and what of them."""
    faults: list[BaseException] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """What a query says, row by row."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    """As DuckDB names them: `VARCHAR`, `JSON`."""
    rows: Iterator[tuple[Any, ...]]


class Database:
    """
    The tables of some stores, and queries over them.

    Args:
        stores: the stores.

    Raises:
        ExtraMissing: DuckDB or arro3 is not installed.
    """

    def __init__(self, stores: Sequence[AskedStore]) -> None:
        try:
            import arro3.core  # noqa: F401 - the same extra
            import duckdb
        except ImportError:
            raise ExtraMissing("SQL needs DuckDB and arro3", extra="sql") from None
        self._duckdb = duckdb
        self.tables = Tables(stores)

    def statements(self, text: str) -> list[str]:
        """
        The queries of a text, which are separated by semicolons.

        Raises:
            UsageError: it cannot be parsed, or a statement is no query.
        """
        found = []
        try:
            parsed = self._parser.extract_statements(text)
        except self._duckdb.Error as error:
            raise self._worded(error, text) from None
        for statement in parsed:
            if statement.type.name not in ("SELECT", "EXPLAIN"):
                raise UsageError(f"{statement.type.name} is refused: stores are only read", hint="write a SELECT")
            found.append(statement.query.strip())
        return found

    def answer(self, text: str) -> Answer:
        """
        Ask one query.

        Raises:
            UsageError: it cannot be meant: a table or column that there is not, a type that does not fit.
            KstoreError: a store cannot be read, or a value is not what the query takes it for.
        """
        query = self.prepared(text)
        try:
            result = query.connection.execute(query.text)
            described = result.description or []
        except self._duckdb.Error as error:
            raise self._fault(query, error) from None
        return Answer(
            tuple(str(one[0]) for one in described), tuple(str(one[1]) for one in described), self._rows(query)
        )

    def _rows(self, query: Query) -> Iterator[tuple[Any, ...]]:
        try:
            while rows := query.connection.fetchmany(_ROWS):
                yield from rows
        except self._duckdb.Error as error:
            raise self._fault(query, error) from None
        finally:
            query.connection.close()

    def arrow(self, text: str) -> Any:
        """
        The answer to one query as a RecordBatchReader, computed as it is read.

        Raises:
            UsageError, KstoreError: as `answer`; while it is read errors are pyarrow's.
        """
        return self.relation(text).to_arrow_reader(_ROWS)

    def relation(self, text: str) -> DuckDBPyRelation:
        """
        One query as a relation of DuckDB, which runs when its rows are asked for.

        Raises:
            UsageError: as `answer`.
        """
        query = self.prepared(text)
        try:
            return query.connection.sql(query.text)
        except self._duckdb.Error as error:
            raise self._fault(query, error) from None

    def explain(self, text: str) -> Iterator[str]:
        """
        Yield lines that say what a query reads, and how DuckDB goes about the rest; nothing is read.

        Raises:
            UsageError: as `answer`.
        """
        query = self.prepared(_EXPLAIN.sub("", text, count=1))
        for table, wanted in query.read.values():
            yield f"table {table.name}"
            yield f"  columns: {', '.join(one.name for one in wanted.columns)}"
            if any(one.needs or one.type == "json" for one in wanted.columns):
                yield f"  decoded: {_decoded(wanted)}"
            yield f"  keys:    {wanted.keys or 'all'}"
        for row in query.connection.execute(f"explain {query.text}").fetchall():
            yield from str(row[1]).rstrip("\n").split("\n")

    def prepared(self, text: str) -> Query:
        """
        A query whose tables are there to be read, no more of each than it names.

        Raises:
            UsageError: it cannot be meant.
        """
        statements = self.statements(text)
        if len(statements) != 1:
            raise UsageError(f"one query was expected, {len(statements)} were found", hint="ask one after the other")
        tree = self._tree(_EXPLAIN.sub("", statements[0], count=1))
        uses = uses_of(tree)
        query = self._registered(statements[0], uses)
        try:
            self._bind(query)
        except UsageError:
            if uses.everything:
                raise
            uses.everything = True  # it names a column that the tree does not show, or that there is not
            query = self._registered(statements[0], uses)
            self._bind(query)
        return query

    def _bind(self, query: Query) -> None:
        """See that DuckDB understands a query; nothing is read."""
        try:
            query.connection.execute(f"explain {_EXPLAIN.sub('', query.text, count=1)}").fetchall()
        except self._duckdb.Error as error:
            raise self._fault(query, error) from None

    def _tree(self, text: str) -> dict[str, Any]:
        found = self._parser.execute("select json_serialize_sql(?)", [text]).fetchall()
        tree: dict[str, Any] = json.loads(found[0][0])
        if tree.get("error"):
            message = str(tree.get("error_message", "it cannot be parsed"))
            raise UsageError(f"the query is not understood: {message}", hint="write it as a SELECT")
        statement: dict[str, Any] = tree["statements"][0]
        return statement

    def _registered(self, text: str, uses: Uses) -> Query:
        query = Query(text, self._connect(), {})
        for name, schema in uses.tables.items():
            if schema in _SCHEMAS_OF_DUCKDB:
                continue
            if schema not in ("", "main"):
                raise UsageError(
                    f"there is no schema {schema!r}",
                    hint=f'a resource with its group stands in quotes: "{schema}.{name}"',
                )
            try:
                table = self.tables.find(name)
            except UsageError:
                if name in uses.own_names or name.startswith(_OF_DUCKDB):
                    continue
                raise
            names = None if uses.everything else set(uses.columns)
            wanted = table.wanted(names, uses.narrowed(), uses.keys[name])
            query.read[name] = table, wanted
            query.connection.register(name, _Stream(table, wanted, query.faults))
        query.connection.execute("set lock_configuration = true")
        return query

    @cached_property
    def _parser(self) -> duckdb.DuckDBPyConnection:
        """A connection that reads no table, but parses every query."""
        return self._connect()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = self._duckdb.connect(":memory:")
        connection.execute(_SETTINGS)
        return connection

    # ---- errors

    def _fault(self, query: Query, error: duckdb.Error) -> BaseException:
        """The error that a reader raised below DuckDB, or else DuckDB's own in our words."""
        if query.faults:
            return query.faults[0]
        return self._worded(error, query.text, [table for table, _ in query.read.values()])

    def _worded(self, error: duckdb.Error, query: str, tables: Sequence[Table] = ()) -> KstoreError:
        text = str(error)
        message = text.partition("\n")[0]
        if ": " in message and message.partition(": ")[0].endswith("Error"):
            message = message.partition(": ")[2]
        if (found := _NO_COLUMN.search(text)) and isinstance(error, self._duckdb.BinderException):
            return UsageError(f"there is no column {found[1]!r}", hint=_known_columns(found[1], tables))
        if isinstance(error, self._duckdb.ParserException) and _GROUP.search(query):
            return UsageError(
                f"the query failed: {message}", hint='the column is written "group": group is a word of SQL'
            )
        if isinstance(error, self._duckdb.PermissionException):
            return UsageError(f"a query reaches only the tables of stores: {message}", hint="`.tables` lists them")
        is_usage = isinstance(
            error, self._duckdb.ParserException | self._duckdb.BinderException | self._duckdb.CatalogException
        )
        return (UsageError if is_usage else KstoreError)(f"the query failed: {message}")


def _known_columns(name: str, tables: Sequence[Table]) -> str:
    """The column that a wrong name was meant for, or, where none is like it, those that there are."""
    every = [one.name for table in tables for one in table.columns]
    listed = "; ".join(f"{table.name} has {', '.join(one.name for one in table.columns)}" for table in tables)
    return did_you_mean(name.lower(), every) or listed


def _decoded(wanted: Wanted) -> str:
    if wanted.projection.everything:
        return "whole objects"
    paths = [".".join(path) for path in _paths(wanted.projection)]
    return ", ".join(paths) or "type and version only"


def _paths(projection: Any) -> Iterator[tuple[str, ...]]:
    for name, below in projection.members.items():
        if below.everything or not below.members:
            yield (name,)
        else:
            yield from ((name, *path) for path in _paths(below))
