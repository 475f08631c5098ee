"""
Tables of an extension API server: its kinds, resources and types, in the form of the catalog's own tables.

Knows how such tables are read, and what must hold of them; where they come from (an installed package) and which rules
belong to them, `scheme/plugins.py` knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from kstore.catalog.resources import ResourceInfo, read_resource
from kstore.catalog.tables import table_exists
from kstore.catalog.types import TypeRef, parse_type
from kstore.errors import ExtensionError

Row = dict[str, Any]


@dataclass(frozen=True)
class ExtensionTables:
    """
    What an extension adds to the catalog; the built-in tables' README describes the rows.

    Raises:
        ExtensionError: the tables contradict themselves or the built-in ones; the message says where.
    """

    kinds: tuple[Row, ...] = ()
    resources: tuple[ResourceInfo, ...] = ()
    types: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    """Package (`wardle.v1alpha1`) -> struct (`FlunderSpec`) -> its row."""

    def __post_init__(self) -> None:
        for package in self.types:
            if table_exists(f"types/{package}.json"):
                raise ExtensionError(f"the package {package} is one of the built-in tables", where="types")
        for kind in self.kinds:
            for member in ("type", "hub"):
                if kind.get(member):
                    self._see(parse_type(kind[member]), f"kinds: {member} of {kind['kind']}")
        for where, ref in self._fields():
            self._see(ref, where)

    @staticmethod
    def of(tables: Mapping[str, Any]) -> ExtensionTables:
        """
        The tables that a parsed JSON object holds under `kinds`, `resources` and `types`.

        Raises:
            ExtensionError: a member that every row must have is missing, or is not what it should be.
        """
        try:
            kinds = tuple({"hub": "", **row, "type": row["type"]} for row in tables["kinds"])
            for row in kinds:
                _ = row["group"], row["version"], row["kind"]
            return ExtensionTables(
                kinds,
                tuple(read_resource(_complete(row)) for row in tables["resources"]),
                {package: _described(structs) for package, structs in tables["types"].items()},
            )
        except KeyError as error:
            raise ExtensionError(f"{error} is missing from the tables") from None
        except (TypeError, AttributeError, ValueError) as error:
            raise ExtensionError(f"the tables are not in the catalog's form: {error}") from None

    @staticmethod
    def read(package: str, name: str = "tables.json") -> ExtensionTables:
        """
        The tables that lie as a JSON file in a Python package.

        Raises:
            ExtensionError: there is no such file, or its content does not hold.
        """
        import orjson

        try:
            return ExtensionTables.of(orjson.loads(files(package).joinpath(name).read_bytes()))
        except (OSError, orjson.JSONDecodeError) as error:
            raise ExtensionError(f"{name} cannot be read: {error}", where=package) from None

    @property
    def json_groups(self) -> frozenset[str]:
        """The groups whose types have no protobuf form: their server stores JSON."""
        return frozenset(kind["group"] for kind in self.kinds if not self._numbered(kind["type"]))

    def _numbered(self, name: str) -> bool:
        package, _, short = name.rpartition(".")
        return any(row.get("proto") for row in self.types[package][short]["fields"])

    def _fields(self) -> Iterator[tuple[str, TypeRef]]:
        for package, structs in self.types.items():
            for name, struct in structs.items():
                for row in struct["fields"]:
                    yield f"types: {package}.{name}.{row['go']}", parse_type(row["type"])

    def _see(self, ref: TypeRef, where: str) -> None:
        """See that a struct is defined, here or among the built-in types."""
        if ref.element is not None:
            self._see(ref.element, where)
        elif ref.form in ("struct", "union"):
            package, _, name = ref.name.rpartition(".")
            if name not in self.types.get(package, {}) and not _built_in(package, name):
                raise ExtensionError(
                    f"{ref.name or ref} is defined neither here nor in the built-in tables", where=where
                )


def _built_in(package: str, name: str) -> bool:
    from kstore.catalog.tables import read_table

    return table_exists(f"types/{package}.json") and name in read_table(f"types/{package}.json")


def _described(structs: Mapping[str, Row]) -> dict[str, Row]:
    for name, struct in structs.items():
        for row in struct["fields"]:
            if not row.get("go") or not row.get("type"):
                raise ValueError(f"a field of {name} has no `go` or no `type`: {row}")
    return dict(structs)


def _complete(row: Row) -> Row:
    """A resource's row with what usually follows from the rest filled in; one storage version serves all releases."""
    storage = row["storage"]
    return {
        "singular": row["kind"].lower(),
        "short_names": [],
        "categories": [],
        "subresources": [],
        "key_prefix": f"{row['group']}/{row['resource']}",
        **row,
        "storage": {"": storage} if isinstance(storage, str) else storage,
    }
