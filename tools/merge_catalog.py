"""
Fold the dumps of releases into the catalog's committed tables.

    python -m tools.merge_catalog DUMPS [--tables FOLDER] [--history tools/catalog/history.json] [--check]

DUMPS is a folder of `k8s-1.NN.json`, made by `tools/catalog/release.py`. Releases of which there is no dump stay as the
tables have them. The same dumps give the same bytes: one row a line, in a fixed order, so that adding a release shows
what that release changed. `--check` writes nothing and fails when the tables differ. A kind, a resource or a type that
a release has no more stops the merge, unless `catalog/gone.json` or the kind's own lifecycle says that it is gone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tools.losses import Tables
from tools.merge_releases import LIFECYCLE, Asked, Facts, Standing, Written
from tools.merge_types import (
    Dump,
    MergeStopped,
    Pairing,
    ReleaseSet,
    Row,
    TypeTables,
    minor,
)

HERE = Path(__file__).resolve().parent
TABLES = HERE.parent / "src/kstore/catalog/tables"
HISTORY = HERE / "catalog/history.json"
GONE = HERE / "catalog/gone.json"


def main() -> None:
    """Parse the command line, merge, and write or compare."""
    parser = argparse.ArgumentParser(description="Fold the dumps of releases into the catalog's tables.")
    parser.add_argument("dumps", type=Path)
    parser.add_argument("--tables", type=Path, default=TABLES)
    parser.add_argument("--history", type=Path, default=HISTORY)
    parser.add_argument("--check", action="store_true", help="compare with the tables instead of writing them")
    arguments = parser.parse_args()
    dumps = [json.loads(path.read_text()) for path in sorted(arguments.dumps.glob("k8s-1.*.json"))]
    if not dumps:
        sys.exit(f"{arguments.dumps} has no dump: tools/catalog/release.py makes k8s-1.NN.json")
    try:
        files = merged(dumps, arguments.tables, json.loads(arguments.history.read_text()), json.loads(GONE.read_text()))
    except MergeStopped as stopped:
        sys.exit(str(stopped))
    if arguments.check:
        stale = sorted(name for name, text in files.items() if read(arguments.tables / name) != text)
        sys.exit(f"these tables are not what the dumps give: {', '.join(stale)}" if stale else 0)
    write(arguments.tables, files)


def merged(dumps: list[Dump], tables: Path, history: dict[str, Any], gone: dict[str, list[str]]) -> dict[str, str]:
    """
    File name -> text of every table: the releases that have a dump by it, the others as the tables have them.

    Raises:
        MergeStopped: see `Catalog.files`.
    """
    written = Written(tables, history)
    asked = [Asked(dump) for dump in dumps]
    standing = [Standing(written, name) for name in written.releases if name not in {one.release for one in asked}]
    return Catalog([*standing, *asked], history, gone).files()


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
    """All releases, oldest first, and what was written down by hand."""

    def __init__(self, releases: Iterable[Facts], history: dict[str, Any], gone: dict[str, list[str]]) -> None:
        self.facts = sorted(releases, key=lambda one: minor(one.release))
        self.history, self.gone = history, gone
        self.releases = ReleaseSet(one.release for one in self.facts)
        self.exact = [one.release for one in self.facts if one.exact]

    def files(self) -> dict[str, str]:
        """
        File name -> text of every table.

        Raises:
            MergeStopped: releases do not agree with one another or with what is written by hand, or one lost something.
        """
        types, kinds, resources, releases = self.types(), self.kinds(), self.resources(), self.release_rows()
        if lost := Tables(releases, kinds, resources, types).complaints(self.gone):
            raise MergeStopped(lost)
        files = {f"types/{name}.json": type_file(table) for name, table in sorted(types.items())}
        rows = {"kinds.json": kinds, "resources.json": resources, "releases.json": releases}
        return files | {name: rows_file(table) for name, table in rows.items()}

    def types(self) -> dict[str, dict[str, Any]]:
        """The structs of every Go package, those of history among them."""
        pairing = Pairing()
        for one in reversed(self.facts):
            one.learn(pairing)
        merged = TypeTables(self.releases.known, pairing)
        for one in self.facts:
            one.add_types(merged)
        tables = merged.tables(self.exact)
        for package, types in self.history["types"].items():
            table = tables.setdefault(package, {})
            clash = set(table) & set(types)
            if clash:
                raise MergeStopped(f"history.json has types that a release has: {package} {sorted(clash)}")
            tables[package] = dict(sorted({**table, **types}.items()))
        return tables

    def kinds(self) -> list[Row]:
        """
        A row for each group, version and kind; a newer release's word on its lifecycle wins.

        A kind whose hub is another type from some release on (its internal type gave way to a version) has a row for
        each. Releases that say nothing of hubs have the hub of the oldest one that does.
        """
        rows: dict[tuple[str, str, str, str], Row] = {}
        known: dict[tuple[str, str, str, str], set[str]] = {}
        latest: dict[tuple[str, str, str], str] = {}
        for one in reversed(self.facts):
            for said in one.kinds():
                key = (said["group"], said["version"], said["kind"])
                hub = latest[key] = said.get("hub") or latest.get(key, "")
                rows[(*key, hub)] = {**said, **({"hub": hub} if hub else {}), **rows.get((*key, hub), {})}
                known.setdefault((*key, hub), set()).add(one.release)
        for written in self.history["kinds"]:
            key = (written["group"], written["version"], written["kind"])
            row = rows.setdefault((*key, latest.get(key, written.get("hub", ""))), {})
            for name, value in written.items():
                if name != "source" and row.setdefault(name, value) != value:
                    raise MergeStopped(f"history.json contradicts a release: {key} {name} {row[name]!r} {value!r}")
        for place, releases in known.items():
            if releases != set(self.releases.known):
                rows[place]["releases"] = self.releases.ranges(releases)
        order = ("group", "version", "kind", "type", "hub", *LIFECYCLE, "releases")
        return [{name: rows[place][name] for name in order if name in rows[place]} for place in sorted(rows)]

    def resources(self) -> list[Row]:
        """A row for each resource that is or was stored."""
        merged: dict[tuple[str, str], Row] = {}
        stored: dict[tuple[str, str], dict[str, list[str]]] = {}
        for one in self.facts:
            for row, version in one.resources():
                key, prefix = (row["group"], row["resource"]), row["key_prefix"]
                earlier = merged.get(key, {"versions": [], "key_prefix": prefix})
                if earlier["key_prefix"] != prefix:
                    raise MergeStopped(f"{key} moved from {earlier['key_prefix']} to {prefix}")
                row["versions"] += [v for v in earlier["versions"] if v not in row["versions"]]
                merged[key] = row
                stored.setdefault(key, {}).setdefault(version, []).append(one.release)
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
        consulted = sorted({gate for one in self.facts for gate in one.consulted})
        return [
            {
                "release": one.release,
                "exact": one.exact,
                "nearest": min(self.exact, key=lambda other: abs(minor(other) - minor(one.release))),
                "patch": one.patch,
                "gates": {gate: one.gates[gate] for gate in consulted if gate in one.gates},
                **({"overridden": one.overridden} if one.overridden else {}),
            }
            for one in self.facts
        ]


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
