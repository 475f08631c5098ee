"""
One release as the merge sees it: as it was asked now (its dump), or as the tables have had it since it was.

Both say the same things in the tables' words, so that adding a release needs its own dump and no other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from tools.merge_types import (
    Dump,
    MergeStopped,
    Pairing,
    ReleaseSet,
    Row,
    TypeTables,
    minor,
    split,
)

LIFECYCLE = ("introduced", "deprecated", "removed", "replacement")
# Up to this release a storage version was an override or the group's first version; 1.32 began to look at the
# release each version was introduced in (apiserver/pkg/server/storage/resource_encoding_config.go).
LAST_FIXED_MINOR = 30
# The first release whose way of emulating another one kstore knows (kstore.catalog.releases).
FIRST_EMULATION = 34


class Facts(Protocol):
    """What is known of one release."""

    release: str
    patch: str
    exact: bool
    """Whether its own storage factory was asked, and its internal types."""
    consulted: set[str]
    """The feature gates that decide about defaults in it."""
    gates: dict[str, bool]
    """The defaults of its feature gates."""
    overridden: list[str]
    """The resources, as `group/resource`, whose storage version its factory sets by hand; of those that can emulate."""

    def kinds(self) -> Iterator[Row]:
        """Rows of its kinds; no `hub` where it does not say."""

    def resources(self) -> Iterator[tuple[Row, str]]:
        """Rows of its resources, each with the version that it stores."""

    def learn(self, pairing: Pairing) -> None:
        """Say which keys the fields of its internal types have."""

    def add_types(self, tables: TypeTables) -> None:
        """Say which fields its structs have."""


class Asked:
    """A release by its dump, which `catalog/release.py` made."""

    def __init__(self, dump: Dump) -> None:
        self.dump = dump
        self.release, self.patch, self.exact = dump["release"], dump["patch"], "factory" in dump
        self.gates = dump["gates"]["defaults"]
        self.consulted = set(dump["gates"]["consulted"]) if self.exact else set()
        by_hand = (f"{dump['groups'][package]}/{resource}" for package, resource, _ in dump["storage"]["versions"])
        self.overridden = sorted(by_hand) if minor(self.release) >= FIRST_EMULATION else []

    def kinds(self) -> Iterator[Row]:
        """Rows of its kinds."""
        for kind in self.dump["kinds"]:
            row = {"group": kind["Group"], "version": kind["Version"], "kind": kind["Kind"]}
            row |= {name.lower(): ".".join(split(kind[name])) for name in ("Type", "Hub") if kind.get(name)}
            yield row | {name: kind[name.capitalize()] for name in LIFECYCLE if kind.get(name.capitalize())}

    def resources(self) -> Iterator[tuple[Row, str]]:
        """Rows of its resources, each with the version that it stores."""
        places = Places(self.dump)
        for found in self.dump["resources"]:
            prefix, version = places.of(found)
            row = resource_row(found, prefix)
            row["versions"] = places.rules.preferred(found["group"], found["versions"])
            yield row, version

    def learn(self, pairing: Pairing) -> None:
        """Say which keys the fields of its internal types have."""
        pairing.learn(self.dump)

    def add_types(self, tables: TypeTables) -> None:
        """Say which fields its structs have."""
        tables.add(self.dump)


@dataclass(frozen=True)
class Written:
    """The tables as they are, without what was written by hand (`history.json`)."""

    folder: Path
    history: dict[str, Any]

    @cached_property
    def releases(self) -> dict[str, Row]:
        """The releases that they have."""
        return {row["release"]: row for row in self._rows("releases.json")}

    @cached_property
    def known(self) -> ReleaseSet:
        """The names of these."""
        return ReleaseSet(self.releases)

    @cached_property
    def kinds(self) -> list[tuple[Row, set[str]]]:
        """Rows of kinds, each with the releases that have it."""
        return [(row, self.known.members(row.get("releases", ""))) for row in self._rows("kinds.json")]

    @cached_property
    def resources(self) -> list[tuple[Row, dict[str, str]]]:
        """Rows of resources, each with the version that a release stores."""
        by_hand = {(row["group"], row["resource"]) for row in self.history["resources"]}
        found = []
        for row in self._rows("resources.json"):
            if (row["group"], row["resource"]) not in by_hand:
                stored = row.pop("storage").items()
                found.append((row, {one: version for span, version in stored for one in self.known.members(span)}))
        return found

    @cached_property
    def types(self) -> dict[tuple[str, str], Row]:
        """The structs: package and name -> what is known of it."""
        return {
            (path.stem, name): entry
            for path in sorted(self.folder.glob("types/*.json"))
            for name, entry in json.loads(path.read_text()).items()
            if name not in self.history["types"].get(path.stem, ())
        }

    def has(self, package: str, entry: Row, release: str) -> bool:
        """Whether a release has a struct; internal ones are known of the exact releases."""
        if package.endswith(".internal") and not self.releases[release]["exact"]:
            return False
        return release in self.known.members(entry.get("releases", ""))

    def _rows(self, name: str) -> list[Row]:
        path = self.folder / name
        found: list[Row] = json.loads(path.read_text()) if path.exists() else []
        return found


class Standing:
    """A release as the tables have it."""

    def __init__(self, written: Written, release: str) -> None:
        row = written.releases[release]
        self.written, self.release, self.patch, self.exact = written, release, row["patch"], row["exact"]
        self.gates: dict[str, bool] = row["gates"]
        self.consulted = set(self.gates) if self.exact else set()
        self.overridden: list[str] = row.get("overridden", [])

    def kinds(self) -> Iterator[Row]:
        """Rows of its kinds."""
        for row, releases in self.written.kinds:
            if self.release in releases:
                yield {name: value for name, value in row.items() if name != "releases"}

    def resources(self) -> Iterator[tuple[Row, str]]:
        """Rows of its resources, each with the version that it stores."""
        for row, stored in self.written.resources:
            if self.release in stored:
                yield dict(row), stored[self.release]

    def learn(self, pairing: Pairing) -> None:
        """Say which keys the fields of its internal types have."""
        for place, rows in self._structs():
            if place[0].endswith(".internal"):
                pairing.keep(place, rows)

    def add_types(self, tables: TypeTables) -> None:
        """Say which fields its structs have."""
        for place, rows in self._structs():
            custom = self.written.types[place].get("custom_json", False)
            tables.keep(place, self.release, [tables.rekeyed(place, row) for row in rows], custom=custom)

    def _structs(self) -> Iterator[tuple[tuple[str, str], list[Row]]]:
        for place, entry in self.written.types.items():
            if self.written.has(place[0], entry, self.release):
                held = [
                    row
                    for row in entry["fields"]
                    if "releases" not in row or self.release in self.written.known.members(row["releases"])
                ]
                yield place, [{name: value for name, value in row.items() if name != "releases"} for row in held]


def resource_row(found: dict[str, Any], prefix: str) -> Row:
    """A resource as one release has it, without what is gathered over releases."""
    return {
        "group": found["group"],
        "resource": found["resource"],
        "kind": found["kind"],
        "singular": found["singular"],
        "short_names": found["shortNames"],
        "categories": found["categories"],
        "namespaced": found["namespaced"],
        "subresources": [name for name in ("status", "scale") if found[name]],
        "key_prefix": prefix,
    }


class Places:
    """Where one release keeps its resources, and in which version."""

    def __init__(self, dump: Dump) -> None:
        self.dump = dump
        self.answers = {(row["group"], row["resource"]): row for row in dump.get("factory", ())}
        self.rules = StorageRules(dump)

    def of(self, resource: dict[str, Any]) -> tuple[str, str]:
        """
        Key prefix and storage version of a resource.

        The release's own storage factory is asked where it was built; its rules are followed where it was not.
        Both are compared when there are both, which is what lets the rules be trusted for old releases.
        """
        derived = self.rules.of(resource)
        asked = self.answers.get((resource["group"], resource["resource"]))
        if asked is None:
            return derived
        answer = (asked["keyPrefix"], asked["version"])
        if answer != derived and minor(self.dump["release"]) <= LAST_FIXED_MINOR:
            raise MergeStopped(f"{self.dump['release']}: the factory says {answer}, its sources {derived}")
        return answer


class StorageRules:
    """
    The storage factory's decisions as its sources have them.

    From pkg/kubeapiserver/default_storage_factory_builder.go, and from the options of the servers beside kube's.
    """

    def __init__(self, dump: Dump) -> None:
        groups = dump["groups"]
        rules = dump["storage"]
        self.prefixes = {(group, resource): prefix for group, resource, prefix in rules["prefixes"]}
        self.versions = {(groups[package], resource): version for package, resource, version in rules["versions"]}
        self.order = {
            groups.get(path.rpartition("/")[0]) or groups[packages[0]]: [one.rpartition("/")[2] for one in packages]
            for path, packages in dump["installs"].items()
        }
        self.together: dict[tuple[str, str], tuple[str, str]] = {}
        for first_package, first, second_package, second in rules["cohabited"]:
            place = (groups[first_package], first)
            self.together[place] = self.together[(groups[second_package], second)] = place
        # the servers beside kube's: custom resource definitions and API services, each in a version set by its options
        self.servers = {groups[package]: package.rpartition("/")[2] for package in rules["servers"]}

    def preferred(self, group: str, versions: list[str]) -> list[str]:
        """Versions in the order the group prefers them; those that its server no longer installs come last."""
        order = self.order[group]
        return [v for v in order if v in versions] + [v for v in versions if v not in order]

    def of(self, resource: dict[str, Any]) -> tuple[str, str]:
        """Key prefix and storage version of a resource."""
        group, name = self.together.get(
            (resource["group"], resource["resource"]), (resource["group"], resource["resource"])
        )
        if group in self.servers:
            return f"{group}/{name}", f"{group}/{self.servers[group]}"
        version = self.versions.get((group, name), self.order[group][0])
        prefix = self.prefixes.get((group, name), name.lower())
        return prefix, f"{group}/{version}" if group else version
