"""
Queries over Parquet files that `export` wrote of many stores: `objects`, and a table for each resource that is named.

As over stores, a query reaches nothing but these files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from kstore.catalog.mapper import ResourceMapper
from kstore.catalog.releases import newest
from kstore.catalog.resources import resources_of
from kstore.errors import ExtraMissing, KstoreError, UnknownResource, UsageError
from kstore.sql.database import Answer
from kstore.sql.query import uses_of

_MEMBERS: Final = ("metadata", "spec", "status")
_ROWS: Final = 1_000


class Lake:
    """
    Files of a dataset.

    Args:
        files: those that are asked; each in a folder that names its store.

    Raises:
        ExtraMissing: DuckDB is not installed.
        UsageError: there are no files.
    """

    def __init__(self, files: Sequence[str]) -> None:
        try:
            import duckdb
        except ImportError:
            raise ExtraMissing("SQL needs DuckDB", extra="fleet") from None
        if not files:
            raise UsageError("no store could be read: there is nothing to ask")
        self._duckdb = duckdb
        self._connection: Any = duckdb.connect(":memory:")
        self._connection.execute(
            "set TimeZone = 'UTC'; set temp_directory = ''; set python_enable_replacements = false;"
            "set autoinstall_known_extensions = false; set autoload_known_extensions = false;"
        )
        listed = ", ".join(map(_quoted, files))
        self._connection.execute(f"set allowed_paths = [{listed}]; set enable_external_access = false")
        self._connection.execute(
            f"create view objects as select * replace (object::json as object) from read_parquet([{listed}],"  # noqa: S608 - quoted
            " hive_partitioning = true, hive_types_autocast = false, union_by_name = true)"
        )
        self._mapper = ResourceMapper(resources_of(newest()))

    def answer(self, text: str) -> Answer:
        """
        Ask one query.

        Raises:
            UsageError: it is no query, or cannot be meant.
            KstoreError: it fails.
        """
        try:
            statements = self._connection.extract_statements(text)
            if len(statements) != 1 or statements[0].type.name != "SELECT":
                raise UsageError("one query was expected: files are only read", hint="write one SELECT")
            self._make_views(text)
            described = self._connection.execute(text).description or []
        except self._duckdb.Error as error:
            raise _worded(error) from None
        return Answer(tuple(str(one[0]) for one in described), tuple(str(one[1]) for one in described), self._rows())

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        try:
            while rows := self._connection.fetchmany(_ROWS):
                yield from rows
        except self._duckdb.Error as error:
            raise _worded(error) from None

    def _make_views(self, text: str) -> None:
        """A view for each resource that a query names: the objects of it, with metadata, spec and status."""
        tree = json.loads(self._connection.execute("select json_serialize_sql(?)", [text]).fetchone()[0])
        if tree.get("error"):
            raise UsageError(f"the query is not understood: {tree.get('error_message', '')}")
        uses = uses_of(tree["statements"][0])
        for name in uses.tables:
            if name == "objects" or name in uses.own_names:
                continue
            members = ", ".join(f"object->'{member}' as {member}" for member in _MEMBERS)
            self._connection.execute(
                f"create or replace temp view {_identifier(name)} as "  # noqa: S608 - quoted
                f"select *, {members} from objects where {self._condition(name)}"
            )

    def _condition(self, name: str) -> str:
        try:
            found = self._mapper.find(name)
        except UnknownResource:
            plural, dot, group = name.partition(".")  # a custom resource's plural; no CRD is at hand
            return f"resource = {_quoted(plural)}" + (f' and "group" = {_quoted(group)}' if dot else "")
        pairs = [f'(resource = {_quoted(one.resource)} and "group" = {_quoted(one.group)})' for one in found]
        return " or ".join(pairs)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _worded(error: Exception) -> KstoreError:
    message = str(error).partition("\n")[0]
    return UsageError(f"the query failed: {message.partition(': ')[2] or message}", hint="tables: objects, pods, …")
