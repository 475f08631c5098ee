"""
In which version a server stores a resource that emulates an older release, or is to be compatible with one.

Ported from `apiserver/pkg/server/storage/resource_encoding_config.go` (emulatedStorageVersion) and
`pkg/kubeapiserver/default_storage_factory_builder.go` (the resources that its overrides keep in one version).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

from kstore.catalog.releases import in_range, minor_of
from kstore.catalog.tables import read_table

_ALPHA_LAST: Final = 37
"""The minor release from which a version of alpha is stored only where no other can be."""
_REPLACED_LAST: Final = 34
"""The last minor release that stores nothing in a version which has a replacement."""


def is_overridden(group: str, resource: str, minor: int) -> bool:
    """Whether a release keeps a resource in one version whatever it emulates."""
    return f"{group}/{resource}" in _overridden(minor)


def emulated_version(
    group: str, kind: str, versions: Sequence[str], *, minor: int, emulated: int, compatible: int
) -> str:
    """
    The version in which a kind is stored; empty where that is not decided by emulation.

    Args:
        group: its group.
        kind: its name.
        versions: those that any release has of it, the preferred one first.
        minor: the release of the server.
        emulated: the release that it emulates.
        compatible: the release that it is to be compatible with (`--min-compatibility-version`).
    """
    rows = _rows()
    known = [rows[name] for version in versions if (name := (group, version, kind)) in rows]
    held = [row for row in known if in_range(row["releases"], minor)]
    for row in held:
        late = "alpha" in row["version"] if minor >= _ALPHA_LAST else False
        if not late and _begun(row) <= compatible and not (minor <= _REPLACED_LAST and row["replacement"]):
            return row["version"]
    if minor >= _ALPHA_LAST:
        for row in held:
            if _begun(row) <= emulated:
                return row["version"]
    return ""


def _begun(row: dict[str, str]) -> int:
    """The minor release in which a version came; 0 where nothing says it."""
    return minor_of(row["introduced"]) if row["introduced"] else 0


@lru_cache(maxsize=1)
def _rows() -> dict[tuple[str, str, str], dict[str, str]]:
    """By group, version and kind; one whose hub is another from some release on has a row for each."""
    names = ("version", "introduced", "replacement")
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in read_table("kinds.json"):
        key, releases = (row["group"], row["version"], row["kind"]), row.get("releases", "")
        if key in found:
            releases = f"{found[key]['releases']},{releases}"
        found[key] = {**{name: row.get(name) or "" for name in names}, "releases": releases}
    return found


@cache
def _overridden(minor: int) -> frozenset[str]:
    """The resources, as `group/resource`, that a release keeps in one version."""
    return frozenset(
        name
        for row in read_table("releases.json")
        if minor_of(row["release"]) == minor
        for name in row.get("overridden", ())
    )
