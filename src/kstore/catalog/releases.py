"""
A Kubernetes release as a value: its number, its feature gates, and how exactly it is known.

A release is passed explicitly, never kept in a global: two can be compared in one process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final

from kstore.catalog.server_flags import ServerFlags
from kstore.catalog.tables import read_table
from kstore.errors import UnknownRelease

FIRST_EMULATION: Final = 34
"""The first minor release whose way of emulating an older one is known here."""
FURTHEST_EMULATION: Final = 3
"""How many releases back a server emulates, and is compatible with."""


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
        emulated: the release that its servers emulate (`--emulated-version`); empty for its own.
        compatible: the release that what they store is to be compatible with (`--min-compatibility-version`); empty for
            the one before the emulated one.
        runtime_config: which APIs they serve (`--runtime-config`), sorted; None where that is not known, so that all
            count as served.
        media_type: in which encoding they store what can be stored in either (`--storage-media-type`).

    Raises:
        UnknownRelease: the catalog does not hold it, or how it emulates.
    """

    name: str
    gates: Mapping[str, bool] = field(default_factory=dict)
    emulated: str = ""
    compatible: str = ""
    runtime_config: tuple[tuple[str, bool], ...] | None = None
    media_type: str = "protobuf"

    def __post_init__(self) -> None:
        match = re.match(r"v?1\.(\d+)(?:\..*)?\Z", self.name)
        name = f"1.{match[1]}" if match else self.name
        if name not in _table():
            known = known_releases()
            raise UnknownRelease(
                f"release {self.name!r} is not known",
                hint=f"known are {known[0]} to {known[-1]}",
            )
        object.__setattr__(self, "name", name)
        if self.is_emulating:
            self._require_emulation()

    @staticmethod
    def started(name: str, flags: ServerFlags, gates: Mapping[str, bool] | None = None) -> Release:
        """
        A release whose servers are started with flags.

        Args:
            name: such as `1.37`.
            flags: the flags; what they say of feature gates comes before `gates`.
            gates: further gates.

        Raises:
            UnknownRelease: see the class.
        """
        return Release(
            name,
            {**(gates or {}), **dict(flags.feature_gates)},
            flags.emulated_version,
            flags.min_compatibility_version,
            flags.runtime_config,
            flags.storage_media_type or "protobuf",
        )

    @property
    def flags(self) -> tuple[str, ...]:
        """How its servers are started, as they take it: `--emulated-version=1.36`; empty for the defaults."""
        words = {
            "emulated-version": self.emulated,
            "min-compatibility-version": self.compatible,
            "feature-gates": _joined(self.gates.items()),
            "storage-media-type": "" if self.media_type == "protobuf" else self.media_type,
        }
        found = [f"--{name}={value}" for name, value in words.items() if value]
        if self.runtime_config is not None:
            found.append(f"--runtime-config={_joined(self.runtime_config)}")
        return tuple(found)

    @property
    def is_emulating(self) -> bool:
        """Whether its servers store by other rules than the release's own."""
        return bool(self.emulated or self.compatible)

    def _require_emulation(self) -> None:
        """See that the release emulates what it is told to (`component-base/compatibility/version.go`, Validate)."""
        for flag, text in (("--emulated-version", self.emulated), ("--min-compatibility-version", self.compatible)):
            if text and text not in _table():
                raise UnknownRelease(f"{flag} {text} is not known")
        if self.minor < FIRST_EMULATION:
            raise UnknownRelease(
                f"how servers of {self.name} emulate another release is not known",
                hint=f"from 1.{FIRST_EMULATION} on it is",
            )
        if not self.minor - FURTHEST_EMULATION <= self.emulated_minor <= self.minor:
            raise UnknownRelease(
                f"a server of {self.name} does not emulate {self.emulated}",
                hint=f"1.{self.minor - FURTHEST_EMULATION} to {self.name}",
            )
        if not self.minor - FURTHEST_EMULATION <= self.compatible_minor <= self.emulated_minor:
            raise UnknownRelease(
                f"a server of {self.name} that emulates 1.{self.emulated_minor} is not compatible with "
                f"{self.compatible}",
                hint=f"--min-compatibility-version is 1.{self.minor - FURTHEST_EMULATION} to 1.{self.emulated_minor}",
            )

    @property
    def emulated_minor(self) -> int:
        """The minor number of the release that its servers emulate: its own, where they emulate none."""
        return minor_of(self.emulated) if self.emulated else self.minor

    @property
    def compatible_minor(self) -> int:
        """The minor number of the release that what its servers store is to be compatible with."""
        if self.compatible:
            return minor_of(self.compatible)
        return max(self.emulated_minor - 1, self.minor - FURTHEST_EMULATION)

    @property
    def minor(self) -> int:
        """The minor number: 37 of 1.37."""
        return minor_of(self.name)

    @property
    def exact(self) -> bool:
        """Whether conversion was held against this release's own code."""
        return bool(_table()[self.name].get("exact"))

    @property
    def rules_minor(self) -> int:
        """The minor number whose defaulting and conversion rules are used: its own, or the nearest exact one's."""
        return minor_of(str(_table()[self.name].get("nearest") or self.name))

    @property
    def known_gates(self) -> tuple[str, ...]:
        """The feature gates that decide about defaults."""
        return tuple(_table()[f"1.{self.rules_minor}"].get("gates", {}))

    def enabled(self, gate: str) -> bool:
        """Whether a feature gate is on: as overridden, else by the release's default; unknown gates are off."""
        if gate in self.gates:
            return self.gates[gate]
        of_release = _table()[self.emulated or self.name]
        gates = _table()[str(of_release.get("nearest") or of_release["release"])].get("gates", {})
        return bool(gates.get(gate, False))

    def __hash__(self) -> int:
        gates = tuple(sorted(self.gates.items()))
        return hash((self.name, gates, self.emulated, self.compatible, self.runtime_config, self.media_type))

    def __str__(self) -> str:
        return self.name


def _joined(pairs: Iterable[tuple[str, bool]]) -> str:
    """`A=true,B=false`, as flags have it."""
    return ",".join(f"{name}={str(value).lower()}" for name, value in sorted(pairs))


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    return {row["release"]: row for row in read_table("releases.json")}


def known_releases() -> list[str]:
    """The names of all releases in the catalog, oldest first."""
    return sorted(_table(), key=minor_of)


def newest() -> Release:
    """The newest release that the catalog holds."""
    return Release(known_releases()[-1])
