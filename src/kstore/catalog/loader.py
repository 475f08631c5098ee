"""
The catalog of one release: its kinds and types, read from the tables package by package, on first use.

Knows how rows are chosen for a release; does not know what is done with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from kstore.catalog.enabled_apis import is_enabled
from kstore.catalog.releases import Release, in_range, minor_of
from kstore.catalog.resources import resource_of
from kstore.catalog.sent_kinds import SentKinds, sent_kinds
from kstore.catalog.tables import read_table
from kstore.catalog.types import Field, Kind, StructType, parse_type
from kstore.errors import ExtensionError, UnknownKind
from kstore.naming import GroupKind, GroupVersionKind

if TYPE_CHECKING:
    from kstore.catalog.plugin_tables import Tables


class Catalog:
    """
    The stored types as one release has them.

    A kind that the release does not have (gone before it, or newer) is still found: as the nearest release that has
    it had it, since what is in a store may be older or newer than the server.

    Args:
        release: whose types.
        extensions: tables of extension API servers, beside the built-in ones.
        sent: also the kinds that are sent and never stored, as Status.

    Raises:
        ExtensionError: an extension has a kind or a package that is there already.
    """

    def __init__(self, release: Release, extensions: Iterable[Tables] = (), *, sent: bool = False) -> None:
        self.release = release
        self._extensions: dict[str, Mapping[str, Any]] = {}
        self._structs: dict[str, StructType] = {}
        self._found: dict[GroupVersionKind, Kind] = {}
        self.layouts: dict[str, object] = {}  # kept by layout.py, which knows what they are
        self._kinds = {
            (row["group"], row["version"], row["kind"]): row for row in _nearest(_kind_rows(), release.minor)
        }
        if sent:
            self._extend(sent_kinds(dict.fromkeys((group, version) for group, version, _ in self._kinds)))
        self.sent = frozenset(self._extensions)
        for tables in extensions:
            self._extend(tables)

    @cached_property
    def _own_groups(self) -> frozenset[str]:
        """The groups of extension servers, of which the flags of the kube-apiserver say nothing."""
        return frozenset(
            row["group"]
            for row in self._kinds.values()
            if row["type"].rpartition(".")[0] in self._extensions.keys() - self.sent
        )

    def _extend(self, tables: Tables | SentKinds) -> None:
        for row in tables.kinds:
            key = (row["group"], row["version"], row["kind"])
            if key in self._kinds:
                raise ExtensionError(f"{'/'.join(key)} is known already")
            self._kinds[key] = row
        for package, structs in tables.types.items():
            if package in self._extensions:
                raise ExtensionError(f"two extensions have a package {package}")
            self._extensions[package] = structs

    def kind(self, gvk: GroupVersionKind) -> Kind:
        """
        The kind of that name.

        Raises:
            UnknownKind: no release in the catalog has it.
        """
        found = self._found.get(gvk)
        if found is None:
            row = self._kinds.get((gvk.group, gvk.version, gvk.kind))
            if row is None:
                raise UnknownKind(f"{gvk} is not a built-in type of any known release")
            found = self._found[gvk] = _to_kind(row)
        return found

    def is_built_in(self, gvk: GroupVersionKind) -> bool:
        """Whether a kind is one of Kubernetes itself, and not of an extension server."""
        return self.has_kind(gvk) and gvk.group not in self._own_groups

    def has_kind(self, gvk: GroupVersionKind) -> bool:
        """Whether any release in the catalog has the kind."""
        return (gvk.group, gvk.version, gvk.kind) in self._kinds

    def holds(self, gvk: GroupVersionKind) -> bool:
        """Whether the release itself has the kind, so that its apiserver can decode it."""
        row = self._kinds.get((gvk.group, gvk.version, gvk.kind))
        return row is not None and in_range(row.get("releases", ""), self.release.minor)

    def serves(self, gvk: GroupVersionKind) -> bool:
        """
        Whether the release's apiserver offers the kind in its API: a version may be known, and not be served any more.

        Where the release does not say what `--runtime-config` says, versions that are served only where it says so
        count as served.
        """
        if not self.holds(gvk):
            return False
        kind, minor = self.kind(gvk), self.release.emulated_minor
        introduced = minor_of(kind.introduced) if kind.introduced else 0
        if introduced > minor or (kind.removed and minor_of(kind.removed) <= minor):
            return False
        config = self.release.runtime_config
        if config is None or gvk.group in self._own_groups:
            return True
        resource = resource_of(GroupKind(gvk.group, gvk.kind))
        return is_enabled(gvk.group, gvk.version, resource, dict(config), introduced=introduced, minor=minor)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """All kinds, in the tables' order."""
        return tuple(_to_kind(row) for row in self._kinds.values())

    def struct(self, name: str) -> StructType:
        """
        The struct of that name, such as `apps.v1.DeploymentSpec`.

        Raises:
            KeyError: the tables have no such type: a table names a type that is missing.
        """
        found = self._structs.get(name)
        if found is None:
            found = self._structs[name] = self._load_struct(name)
        return found

    def _load_struct(self, name: str) -> StructType:
        package, _, short = name.rpartition(".")
        table = (self._extensions.get(package) or _package(package))[short]
        # hubs are the rules' own: their rows are known from the oldest exact release on, whatever is before it
        own = self.release.rules_minor if package.endswith(".internal") else self.release.minor
        minor = _nearest_minor(table.get("releases", ""), own)
        rows = table["fields"]
        fields = tuple(_to_field(row) for row in rows if in_range(row.get("releases", ""), minor))
        numbers = {0, *(field.number for field in fields)}
        return StructType(name, fields, tuple(_to_field(row) for row in rows if row.get("proto", 0) not in numbers))


def _nearest(rows: list[dict[str, Any]], minor: int) -> list[dict[str, Any]]:
    """The rows that hold for a release; for kinds it lacks, the row of the nearest release."""
    chosen: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["group"], row["version"], row["kind"])
        if key not in chosen or in_range(row.get("releases", ""), minor):
            chosen[key] = row
    return list(chosen.values())


def _nearest_minor(releases: str, minor: int) -> int:
    """The release itself if the range holds it, else the range's nearest end."""
    if in_range(releases, minor):
        return minor
    ends = [int(end.partition(".")[2]) for part in releases.split(",") for end in part.split("-") if end.strip()]
    return min(ends, key=lambda end: abs(end - minor))


@lru_cache(maxsize=1)
def _kind_rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table("kinds.json")
    return rows


@cache
def _package(package: str) -> dict[str, Any]:
    table: dict[str, Any] = read_table(f"types/{package}.json")
    return table


def _to_kind(row: dict[str, Any]) -> Kind:
    names = ("group", "version", "kind", "type", "hub", "introduced", "deprecated", "removed", "replacement")
    return Kind(**{name: row.get(name) or "" for name in names})


def _to_field(row: dict[str, Any]) -> Field:
    flags = row.get("flags", "").split()
    nameless = row["go"] if row.get("proto") and "inline" not in flags else ""
    patch = row.get("patch", "")
    return Field(
        go=row["go"],
        json=row.get("json") or nameless,
        type=parse_type(row["type"]),
        number=row.get("proto", 0),
        omitempty="omitempty" in flags,
        omitzero="omitzero" in flags,
        inline="inline" in flags,
        default=row.get("default"),
        merge_key=patch.partition(":")[2],
    )
