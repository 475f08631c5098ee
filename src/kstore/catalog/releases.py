"""
A Kubernetes release as a value: its number, its feature gates, and how exactly it is known.

A release is passed explicitly, never kept in a global: two can be compared in one process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from kstore.catalog.tables import read_table
from kstore.errors import UnknownRelease


def minor_of(release: str) -> int:
    """The minor number of `1.37`."""
    return int(release.partition(".")[2])


def in_range(releases: str, minor: int) -> bool:
    """
    Whether a minor release is in a range as the tables spell it: `1.29-1.33`, `1.34-`, `-1.28`, `1.30`; empty is all.

    Several ranges are joined by commas.
    """
    return not releases or any(low <= minor <= high for low, high in _ranges(releases))


@cache
def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    """The ranges of a text as pairs of minor numbers, both ends included."""
    pairs = []
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        first = minor_of(low) if low else 0
        last = (minor_of(high) if high else 9999) if dash else first
        pairs.append((first, last))
    return tuple(pairs)


@dataclass(frozen=True)
class Release:
    """
    A Kubernetes minor release.

    Args:
        name: such as `1.37`; a patch version (`v1.37.2`) is understood.
        gates: feature gates that differ from the release's defaults, as the cluster has them set.

    Raises:
        UnknownRelease: the catalog does not hold it.
    """

    name: str
    gates: Mapping[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        match = re.match(r"v?1\.(\d+)(?:\..*)?\Z", self.name)
        name = f"1.{match[1]}" if match else self.name
        if name not in _table():
            known = known_releases()
            raise UnknownRelease(
                f"release {self.name!r} is not known",
                hint=f"known are {known[0]} to {known[-1]}; see `kstore releases`",
            )
        object.__setattr__(self, "name", name)

    @property
    def minor(self) -> int:
        """The minor number: 37 of 1.37."""
        return minor_of(self.name)

    @property
    def exact(self) -> bool:
        """Whether conversion was held against this release's own code."""
        return bool(_table()[self.name].get("exact"))

    @property
    def rules(self) -> int:
        """The minor number whose defaulting and conversion rules are used: its own, or the nearest exact one's."""
        return minor_of(str(_table()[self.name].get("nearest") or self.name))

    def enabled(self, gate: str) -> bool:
        """Whether a feature gate is on: as overridden, else by the release's default; unknown gates are off."""
        if gate in self.gates:
            return self.gates[gate]
        gates = _table()[f"1.{self.rules}"].get("gates", {})
        return bool(gates.get(gate, False))

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.gates.items()))))

    def __str__(self) -> str:
        return self.name


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    return {row["release"]: row for row in read_table("releases.json")}


def known_releases() -> list[str]:
    """The names of all releases in the catalog, oldest first."""
    return sorted(_table(), key=minor_of)


def newest() -> Release:
    """The newest release that the catalog holds."""
    return Release(known_releases()[-1])
