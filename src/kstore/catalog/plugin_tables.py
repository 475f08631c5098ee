"""
Tables of an extension API server: its kinds, resources and types, in the form of the catalog's own tables.

Knows how such tables are read, and what must hold of them; where they come from (an installed package) and which rules
belong to them, `scheme/plugins.py` knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kstore.catalog.resources import ResourceInfo, all_resources, read_resource
from kstore.catalog.tables import table_exists
from kstore.catalog.types import TypeRef, parse_type
from kstore.errors import ExtensionError
from kstore.naming import GroupVersion
from kstore.similar import in_brackets

Row = dict[str, Any]

_TABLES = ("kinds", "resources", "types")
_FLAGS = ("omitempty", "omitzero", "inline")
_MEMBERS = {
    "kind": (
        "group", "version", "kind", "type", "hub", "introduced", "deprecated", "removed", "replacement", "releases",
    ),
    "resource": (
        "group", "resource", "kind", "singular", "short_names", "categories", "namespaced", "subresources",
        "key_prefix", "versions", "storage",
    ),
    "struct": ("fields", "releases"),
    "field": ("go", "json", "type", "proto", "flags", "default", "patch", "releases"),
}  # fmt: skip
"""The members that a row can have (`tables/README.md`)."""
_RANGE = re.compile(r"(1\.\d+(-(1\.\d+)?)?|-1\.\d+)\Z")


@dataclass(frozen=True)
class Tables:
    """
    What an extension adds to the catalog; the built-in tables' README describes the rows.

    Raises:
        ExtensionError: the tables contradict themselves or the built-in ones; it names the row, and in `others` what
            else is wrong.
    """

    kinds: tuple[Row, ...] = ()
    resources: tuple[ResourceInfo, ...] = ()
    types: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    """Package (`wardle.v1alpha1`) -> struct (`FlunderSpec`) -> its row."""

    def __post_init__(self) -> None:
        raise_first([*self._kind_faults(), *self._resource_faults(), *self._type_faults()])

    @staticmethod
    def of(tables: Mapping[str, Any]) -> Tables:
        """
        The tables that a parsed JSON object holds under `kinds`, `resources` and `types`.

        Raises:
            ExtensionError: a member that every row must have is missing, one is unknown, or is not what it should be.
        """
        try:
            raise_first(list(_unknown_members(tables)))
            kinds = tuple({"hub": "", **row, "type": row["type"]} for row in tables["kinds"])
            for row in kinds:
                _ = row["group"], row["version"], row["kind"]
            return Tables(
                kinds,
                tuple(read_resource(_complete(row)) for row in tables["resources"]),
                {package: _described(structs) for package, structs in tables["types"].items()},
            )
        except KeyError as error:
            raise ExtensionError(f"{error} is missing from the tables") from None
        except (TypeError, AttributeError, ValueError) as error:
            raise ExtensionError(f"the tables are not in the catalog's form: {error}") from None

    @staticmethod
    def read(package: str, name: str = "tables.json") -> Tables:
        """
        The tables in a JSON file of a Python package.

        Raises:
            ExtensionError: there is no such file, or its content does not hold.
        """
        from importlib.resources import files

        import orjson

        try:
            return Tables.of(orjson.loads(files(package).joinpath(name).read_bytes()))
        except (OSError, orjson.JSONDecodeError) as error:
            raise ExtensionError(f"{name} cannot be read: {error}", row=package) from None

    @property
    def json_groups(self) -> frozenset[str]:
        """The groups whose types have no protobuf form: their server stores JSON."""
        return frozenset(kind["group"] for kind in self.kinds if not self._numbered(kind["type"]))

    @property
    def struct_names(self) -> frozenset[str]:
        """The structs that the tables define, such as `wardle.v1alpha1.FlunderSpec`."""
        return frozenset(f"{package}.{name}" for package, structs in self.types.items() for name in structs)

    @property
    def has_ranges(self) -> bool:
        """Whether a struct or field is of some releases only."""
        structs = [struct for found in self.types.values() for struct in found.values()]
        return any(row.get("releases") for struct in structs for row in (struct, *struct["fields"]))

    def _numbered(self, name: str) -> bool:
        package, _, short = name.rpartition(".")
        struct = self.types.get(package, {}).get(short, {"fields": []})
        return any(row.get("proto") for row in struct["fields"])

    # ---- what must hold

    def _kind_faults(self) -> Iterator[ExtensionError]:
        seen = set()
        for kind in self.kinds:
            name = f"{kind['group']}/{kind['version']} {kind['kind']}"
            if name in seen:
                yield ExtensionError(f"{name} is there twice", row="kinds")
            seen.add(name)
            for member in ("type", "hub"):
                if kind[member]:
                    yield from self._undefined(parse_type(kind[member]), f"kinds: {member} of {kind['kind']}")
            yield from _range_faults(kind.get("releases", ""), f"kinds: releases of {kind['kind']}")

    def _resource_faults(self) -> Iterator[ExtensionError]:
        built_in = {(one.group, one.resource) for one in all_resources()}
        directories = {one.key_prefix for one in all_resources()}
        for one in self.resources:
            row = f"resources: {one.resource}"
            if (one.group, one.resource) in built_in:
                yield ExtensionError(f"{one.resource}.{one.group} is built in", row=row)
            elif one.key_prefix in directories:
                yield ExtensionError(f"{one.key_prefix!r} is where a built-in resource keeps its objects", row=row)
            kinds = {kind["kind"] for kind in self.kinds if kind["group"] == one.group}
            if one.kind not in kinds:
                yield ExtensionError(
                    f"the table of kinds has no {one.kind!r} in {one.group}{in_brackets(one.kind, kinds)}", row=row
                )
                continue
            known = [str(version) for version in self._versions(one)]
            for version in one.versions:
                if f"{one.group}/{version}" not in known:
                    yield ExtensionError(
                        f"{one.kind} has no version {version!r} in the table of kinds"
                        + in_brackets(version, [name.rpartition("/")[2] for name in known]),
                        row=f"{row}: versions",
                    )
            for releases, stored in one.storage.items():
                yield from _range_faults(releases, f"{row}: storage")
                if stored not in known:
                    yield ExtensionError(
                        f"{one.kind} has no version {stored!r} in the table of kinds{in_brackets(stored, known)}",
                        row=f"{row}: storage",
                    )

    def _versions(self, resource: ResourceInfo) -> list[GroupVersion]:
        name = resource.group, resource.kind
        return [GroupVersion(one["group"], one["version"]) for one in self.kinds if (one["group"], one["kind"]) == name]

    def _type_faults(self) -> Iterator[ExtensionError]:
        for package, structs in self.types.items():
            if table_exists(f"types/{package}.json"):
                yield ExtensionError(f"the package {package} is one of the built-in tables", row="types")
            for name, struct in structs.items():
                yield from _range_faults(struct.get("releases", ""), f"types: {package}.{name}")
                yield from _repeated(struct["fields"], f"types: {package}.{name}")
                for row in struct["fields"]:
                    where = f"types: {package}.{name}.{row['go']}"
                    yield from self._undefined(parse_type(row["type"]), where)
                    yield from _range_faults(row.get("releases", ""), where)
                    for flag in row.get("flags", "").split():
                        if flag not in _FLAGS:
                            yield ExtensionError(
                                f"the flag {flag!r} is unknown{in_brackets(flag, _FLAGS)}; "
                                f"expected {', '.join(_FLAGS)}",
                                row=where,
                            )

    def _undefined(self, ref: TypeRef, where: str) -> Iterator[ExtensionError]:
        """What is wrong where a struct is neither defined here nor among the built-in types."""
        if ref.element is not None:
            yield from self._undefined(ref.element, where)
        elif ref.form in ("struct", "union"):
            package, _, name = ref.name.rpartition(".")
            if name not in self.types.get(package, {}) and not _built_in(package, name):
                yield ExtensionError(
                    f"{ref.name or ref} is defined neither here nor in the built-in tables"
                    + in_brackets(ref.name, self.struct_names),
                    row=where,
                )


def raise_first(faults: list[ExtensionError]) -> None:
    """
    Raise the first of several faults, with the others in it.

    Raises:
        ExtensionError: there is one.
    """
    if faults:
        faults[0].others = tuple(faults[1:])
        raise faults[0]


def is_range(text: str) -> bool:
    """Whether a text is one range of releases, as the tables spell it."""
    return _RANGE.match(text.strip()) is not None


def _range_faults(releases: str, where: str) -> Iterator[ExtensionError]:
    """What is wrong with a range of releases."""
    for part in releases.split(",") if releases else ():
        if not is_range(part):
            yield ExtensionError(
                f"{part!r} is no range of releases; expected 1.29-1.33, 1.34-, -1.28 or 1.30", row=where
            )


def _repeated(fields: Iterable[Row], where: str) -> Iterator[ExtensionError]:
    """A name or number that two fields of one struct have in the same releases."""
    for member in ("go", "json", "proto"):
        seen: set[tuple[Any, str]] = set()
        for row in fields:
            value = (row.get(member), row.get("releases", ""))
            if row.get(member) and value in seen:
                yield ExtensionError(f"two fields have the {member} {row[member]!r}", row=where)
            seen.add(value)


def _unknown_members(tables: Mapping[str, Any]) -> Iterator[ExtensionError]:
    """Members of rows that mean nothing: mistyped ones would be passed over."""
    rows: list[tuple[str, Mapping[str, Any], tuple[str, ...]]] = [("tables", tables, _TABLES)]
    rows += [(f"kinds: {row.get('kind')}", row, _MEMBERS["kind"]) for row in tables["kinds"]]
    rows += [(f"resources: {row.get('resource')}", row, _MEMBERS["resource"]) for row in tables["resources"]]
    for package, structs in tables["types"].items():
        for name, struct in structs.items():
            rows.append((f"types: {package}.{name}", struct, _MEMBERS["struct"]))
            rows += [(f"types: {package}.{name}.{row.get('go')}", row, _MEMBERS["field"]) for row in struct["fields"]]
    for where, row, known in rows:
        for member in row:
            if member not in known:
                yield ExtensionError(f"the member {member!r} is unknown{in_brackets(member, known)}", row=where)


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
