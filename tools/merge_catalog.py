#!/usr/bin/env python3
"""
Fold the dumps of every release into the catalog's committed tables.

    merge_catalog.py DUMPS [--tables src/kstore/catalog/tables] [--history tools/catalog/history.json] [--check]

DUMPS is a folder of `k8s-1.NN.json`, made by `catalog/release.py`. The same dumps give the same bytes: one row a line,
in a fixed order, so that adding a release shows what that release changed. `--check` writes nothing and fails
when the tables differ.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from merge_types import (  # type: ignore[import-not-found]  # beside this script, which is run as one
    Dump,
    Pairing,
    ReleaseSet,
    Row,
    TypeTables,
    minor,
    split,
)

HERE = Path(__file__).resolve().parent
TABLES = HERE.parent / "src/kstore/catalog/tables"
HISTORY = HERE / "catalog/history.json"


def main() -> None:
    """Parse the command line, merge, and write or compare."""
    parser = argparse.ArgumentParser(description="Fold the dumps of every release into the catalog's tables.")
    parser.add_argument("dumps", type=Path)
    parser.add_argument("--tables", type=Path, default=TABLES)
    parser.add_argument("--history", type=Path, default=HISTORY)
    parser.add_argument("--check", action="store_true", help="compare with the tables instead of writing them")
    arguments = parser.parse_args()
    dumps = [json.loads(path.read_text()) for path in arguments.dumps.glob("k8s-1.*.json")]
    files = Catalog(dumps, json.loads(arguments.history.read_text())).files()
    if arguments.check:
        stale = sorted(name for name, text in files.items() if read(arguments.tables / name) != text)
        sys.exit(f"these tables are not what the dumps give: {', '.join(stale)}" if stale else 0)
    write(arguments.tables, files)


def read(path: Path) -> str | None:
    """A file's text, or None when there is no such file."""
    return path.read_text() if path.exists() else None


def write(folder: Path, files: dict[str, str]) -> None:
    """Write the tables, and remove those of packages that no release has."""
    for stale in set(folder.glob("types/*.json")) - {folder / name for name in files}:
        stale.unlink()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Catalog:
    """All dumps, oldest release first, and what was written down by hand."""

    def __init__(self, dumps: Iterable[Dump], history: dict[str, Any]) -> None:
        self.dumps = sorted(dumps, key=lambda dump: minor(dump["release"]))
        self.history = history
        self.releases = ReleaseSet(dump["release"] for dump in self.dumps)
        self.exact = [dump["release"] for dump in self.dumps if "factory" in dump]

    def files(self) -> dict[str, str]:
        """File name -> text of every table."""
        files = {f"types/{name}.json": type_file(table) for name, table in sorted(self.types().items())}
        files["kinds.json"] = rows_file(self.kinds())
        files["resources.json"] = rows_file(self.resources())
        files["releases.json"] = rows_file(self.release_rows())
        return files

    def types(self) -> dict[str, dict[str, Any]]:
        """The structs of every Go package, those of history among them."""
        pairing = Pairing()
        for dump in reversed(self.dumps):
            pairing.learn(dump)
        merged = TypeTables(self.releases.known, pairing)
        for dump in self.dumps:
            merged.add(dump)
        tables = merged.tables(self.exact)
        for package, types in self.history["types"].items():
            table = tables.setdefault(package, {})
            clash = set(table) & set(types)
            if clash:
                raise ValueError(f"history.json has types that a release has: {package} {sorted(clash)}")
            tables[package] = dict(sorted({**table, **types}.items()))
        return tables

    def kinds(self) -> list[Row]:
        """A row for each group, version and kind; a newer release's word on its lifecycle wins."""
        rows: dict[tuple[str, str, str], Row] = {}
        known: dict[tuple[str, str, str], set[str]] = {}
        for dump in self.dumps:
            for kind in dump["kinds"]:
                key = (kind["Group"], kind["Version"], kind["Kind"])
                row = rows.setdefault(key, {"group": key[0], "version": key[1], "kind": key[2]})
                row["type"] = ".".join(split(kind["Type"]))
                row |= {low: kind[cap] for low, cap in LIFECYCLE if kind.get(cap)}
                if kind.get("Hub"):
                    row["hub"] = ".".join(split(kind["Hub"]))
                known.setdefault(key, set()).add(dump["release"])
        for written in self.history["kinds"]:
            key = (written["group"], written["version"], written["kind"])
            row = rows.setdefault(key, {})
            for name, value in written.items():
                if name != "source" and row.setdefault(name, value) != value:
                    raise ValueError(f"history.json contradicts a release: {key} {name} {row[name]!r} {value!r}")
        for key, releases in known.items():
            if releases != set(self.releases.known):
                rows[key]["releases"] = self.releases.ranges(releases)
        order = ("group", "version", "kind", "type", "hub", *(low for low, _ in LIFECYCLE), "releases")
        return [{name: rows[key][name] for name in order if name in rows[key]} for key in sorted(rows)]

    def resources(self) -> list[Row]:
        """A row for each resource that is or was stored."""
        merged: dict[tuple[str, str], Row] = {}
        stored: dict[tuple[str, str], dict[str, list[str]]] = {}
        for dump in self.dumps:
            places = Places(dump)
            for found in dump["resources"]:
                key = (found["group"], found["resource"])
                prefix, version = places.of(found)
                row = resource_row(found, prefix)
                found["versions"] = places.rules.preferred(found["group"], found["versions"])
                earlier = merged.get(key, {"versions": [], "key_prefix": prefix})
                if earlier["key_prefix"] != prefix:
                    raise ValueError(f"{key} moved from {earlier['key_prefix']} to {prefix}")
                row["versions"] = found["versions"] + [v for v in earlier["versions"] if v not in found["versions"]]
                merged[key] = row
                stored.setdefault(key, {}).setdefault(version, []).append(dump["release"])
        rows = []
        for key in sorted(merged):
            storage = {self.releases.ranges(releases): version for version, releases in stored[key].items()}
            rows.append(
                {
                    **merged[key],
                    "storage": dict(
                        sorted(storage.items(), key=lambda item: minor(item[0].split(",")[0].split("-")[0]))
                    ),
                }
            )
        written = [
            {name: value for name, value in row.items() if name != "source"} for row in self.history["resources"]
        ]
        return sorted(rows + written, key=lambda row: (row["group"], row["resource"]))

    def release_rows(self) -> list[Row]:
        """What is known of each release: how exactly, from which patch, and its gates."""
        consulted = sorted({gate for dump in self.dumps if "factory" in dump for gate in dump["gates"]["consulted"]})
        out = []
        for dump in self.dumps:
            release, defaults = dump["release"], dump["gates"]["defaults"]
            nearest = min(self.exact, key=lambda other: abs(minor(other) - minor(release)))
            out.append(
                {
                    "release": release,
                    "exact": release in self.exact,
                    "nearest": nearest,
                    "patch": dump["patch"],
                    "gates": {gate: defaults[gate] for gate in consulted if gate in defaults},
                }
            )
        return out


LIFECYCLE = (
    ("introduced", "Introduced"),
    ("deprecated", "Deprecated"),
    ("removed", "Removed"),
    ("replacement", "Replacement"),
)


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
            raise ValueError(f"{self.dump['release']}: the factory says {answer}, its sources {derived}")
        return answer


# Up to this release a storage version was an override or the group's first version; 1.32 began to look at the
# release each version was introduced in (apiserver/pkg/server/storage/resource_encoding_config.go).
LAST_FIXED_MINOR = 30


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
            groups[path.rpartition("/")[0]]: [package.rpartition("/")[2] for package in packages]
            for path, packages in dump["installs"].items()
        }
        self.together: dict[tuple[str, str], tuple[str, str]] = {}
        for first_package, first, second_package, second in rules["cohabited"]:
            place = (groups[first_package], first)
            self.together[place] = self.together[(groups[second_package], second)] = place
        # the servers beside kube's: custom resource definitions and API services, each in a version set by its options
        self.servers = {groups[path.rpartition("/")[0]]: path.rpartition("/")[2] for path in rules["servers"]}

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


def dumped(value: Any) -> str:
    """Compact JSON, as one row of a table."""
    return json.dumps(value, ensure_ascii=False)


def rows_file(rows: Iterable[Row]) -> str:
    """A table that is a list: a row a line."""
    return "[\n" + ",\n".join(dumped(row) for row in rows) + "\n]\n"


def type_file(table: dict[str, Any]) -> str:
    """A package's types: a type's own facts on one line, then a field a line."""
    return "{\n" + ",\n".join(_type_lines(table)) + "\n}\n"


def _type_lines(table: dict[str, Any]) -> Iterator[str]:
    for name, entry in table.items():
        head = dumped({key: value for key, value in entry.items() if key != "fields"})[:-1]
        fields = ",\n".join(f"  {dumped(row)}" for row in entry["fields"])
        yield f'{dumped(name)}: {head}, "fields": [' + (f"\n{fields}\n]}}" if fields else "]}")


if __name__ == "__main__":
    main()
