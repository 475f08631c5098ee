"""
What a release has no more that the one before it had: kinds, resources and types, by the tables.

A kind that upstream removed and one that the tools did not find look alike, so each loss is accounted for: by the
release that the kind's own lifecycle names for its removal, or by a row of `catalog/gone.json`, release -> names.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tools.merge_types import ReleaseSet, Row, minor

_STRUCT = re.compile(r"[a-z0-9]+\.(?:internal|v\w+)\.\w+")
"""A struct in a type as the tables spell it: `core.v1.PodSpec` of `[]*core.v1.PodSpec`."""

_ADVICE = (
    "What upstream removed (its sources say so) is named in tools/catalog/gone.json under the release; what it moved",
    "was not found by tools/catalog, and is to be: docs/adding-a-release.md, step 2.",
)


class Tables:
    """What is looked at: the rows of kinds and resources, and the structs by package."""

    def __init__(
        self, releases: Iterable[Row], kinds: list[Row], resources: list[Row], types: Mapping[str, Mapping[str, Any]]
    ) -> None:
        rows = list(releases)
        self.releases = ReleaseSet(row["release"] for row in rows)
        self.exact = {row["release"] for row in rows if row["exact"]}
        self.kinds, self.resources = kinds, resources
        self.types = {f"{package}.{name}": entry for package, table in types.items() for name, entry in table.items()}

    def complaints(self, gone: Mapping[str, list[str]]) -> str:
        """What is wrong with the losses, and what to do about it; empty when each is accounted for in `gone`."""
        pairs = itertools.pairwise(self.releases.known)
        lines = [line for old, new in pairs for line in complaints(new, self.losses(old, new), gone.get(new, []))]
        return "\n".join([*lines, *_ADVICE] if lines else [])

    def losses(self, before: str, after: str) -> list[str]:
        """
        The names of what a release has no more, in order, as `kind v1 Pod`, `resource pods` or `type core.v1.PodSpec`.

        A resource goes with the last of its kinds, and a type with the kinds that it is part of: then only the kinds
        are lost.
        """
        had, has = self._kinds(before), self._kinds(after)
        kinds = (_kind_name(row) for name, row in had.items() if name not in has and not _is_over(row, after))
        stays = {
            (group, kind)
            for (group, version, kind), row in had.items()
            if (group, version, kind) in has and not _is_over(row, after)
        }
        resources = (
            f"resource {row['resource']}.{row['group']}".rstrip(".")
            for row in self.resources
            if self._stores(row, before) and not self._stores(row, after) and (row["group"], row["kind"]) in stays
        )
        roots = (row[side] for name, row in had.items() if name in has for side in ("type", "hub") if row.get(side))
        types = (f"type {name}" for name in self._parts(roots, before) if not self._has(name, after))
        return [*sorted(kinds), *sorted(resources), *sorted(types)]

    def _kinds(self, release: str) -> dict[tuple[str, str, str], Row]:
        return {
            (row["group"], row["version"], row["kind"]): row
            for row in self.kinds
            if release in self.releases.members(row.get("releases", ""))
        }

    def _stores(self, row: Row, release: str) -> bool:
        return any(release in self.releases.members(span) for span in row["storage"])

    def _has(self, name: str, release: str) -> bool:
        """Whether a release has a struct; nothing is known of internal ones where it is not exact."""
        if ".internal." in name and release not in self.exact:
            return True
        return release in self.releases.members(self.types[name].get("releases", ""))

    def _parts(self, roots: Iterable[str], release: str) -> set[str]:
        """The structs that some are made of in a release, themselves among them."""
        found: set[str] = set()
        waiting = list(roots)
        while waiting:
            name = waiting.pop()
            if name in found or name not in self.types or (".internal." in name and release not in self.exact):
                continue
            found.add(name)
            for row in self.types[name]["fields"]:
                if release in self.releases.members(row.get("releases", "")):
                    waiting += _STRUCT.findall(row["type"].partition("@")[0])
        return found


def _kind_name(row: Row) -> str:
    """`kind apps/v1 Deployment`."""
    return f"kind {row['group']}/{row['version']} {row['kind']}".replace(" /", " ")


def _is_over(row: Row, release: str) -> bool:
    """Whether a kind's lifecycle says that a release has it no more."""
    return "removed" in row and minor(row["removed"]) <= minor(release)


def complaints(release: str, lost: list[str], accounted: list[str]) -> Iterator[str]:
    """
    What is wrong with the losses of a release, as lines; nothing when each is accounted for.

    Args:
        release: which.
        lost: its losses.
        accounted: those that are known.
    """
    unknown = [name for name in lost if name not in accounted]
    stale = [name for name in accounted if name not in lost]
    if unknown:
        yield f"{release} has no more what the release before it had:"
        yield from (f"  {name}" for name in unknown)
    if stale:
        yield f"tools/catalog/gone.json has losses of {release} that are none:"
        yield from (f"  {name}" for name in stale)
