"""
Make the table of the kinds that are sent and never stored: Status, DeleteOptions, AdmissionReview, WatchEvent.

    python -m tools.merge_sent [RELEASE …] [--tables src/kstore/catalog/tables] [--check]

Asks the published types (`k8s.io/api`) of exact releases of `releases.json` by `catalog/reflect`, all or those that are
named (`1.38`); the others stay as the table has them. Needs Go and a Go module proxy. Types that the other tables have
already are not repeated; the others' packages are called `sent.meta.v1` and the like, so that no package is in two
tables. `--check` writes nothing and fails when the table differs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.catalog.modules import BUILDING, downloaded, published, run
from tools.merge_types import Pairing, ReleaseSet, TypeTables, minor, split

HERE = Path(__file__).resolve().parent
TABLES = HERE.parent / "src/kstore/catalog/tables"
NOTHING: dict[str, Any] = {"kinds": [], "everywhere": {}, "types": {}}
META = "k8s.io/apimachinery/pkg/apis/meta/v1."


def main() -> None:
    """Parse the command line, ask, and write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help="ask these alone, such as 1.38")
    parser.add_argument("--tables", type=Path, default=TABLES)
    parser.add_argument("--check", action="store_true", help="compare with the table instead of writing it")
    arguments = parser.parse_args()
    patches = {
        row["release"]: row["patch"]
        for row in json.loads((arguments.tables / "releases.json").read_text())
        if row["exact"]
    }
    wanted = arguments.releases or list(patches)
    if unknown := sorted(set(wanted) - patches.keys()):
        sys.exit(f"{', '.join(unknown)}: no exact release of releases.json, which has {', '.join(patches)}")
    target = arguments.tables / "sent.json"
    before = json.loads(target.read_text()) if len(wanted) < len(patches) else NOTHING
    names = sorted(wanted, key=minor)
    newest = asked(patches[names[-1]], set())
    packages = {kind["Type"].rpartition(".")[0] for kind in newest["kinds"]}
    dumps = [*(asked(patches[name], packages) for name in names[:-1]), newest]
    text = written(table(dumps, stored_types(arguments.tables), before, patches))
    if arguments.check:
        sys.exit("the table is not what the releases say" if target.read_text() != text else 0)
    target.write_text(text)


def asked(patch: str, wanted: set[str]) -> dict[str, Any]:
    """What reflection says of one release's published kinds that are never stored, in these packages or in all."""
    version = published(patch)
    with tempfile.TemporaryDirectory(prefix="sent-") as work:
        folder = Path(work)
        api = downloaded("k8s.io/api", version, folder)
        packages = sorted(path.parent.relative_to(api) for path in api.glob("*/*/register.go"))
        shutil.copy(HERE / "catalog" / "reflect" / "main.go", folder)
        (folder / "annotated.go").write_text("package main\n\nfunc annotated() []any { return nil }\n")
        names = [f"k8s.io/api/{package.as_posix()}" for package in packages]
        (folder / "schemes.go").write_text(schemes([name for name in names if not wanted or name in wanted]))
        modules = "".join(f"require k8s.io/{name} {version}\n" for name in ("api", "apimachinery"))
        (folder / "go.mod").write_text(f"module sent\n\ngo 1.22\n\n{modules}")
        run(["nice", "-n", "5", "go", "build", "-o", "program", "."], folder, BUILDING)
        dump = json.loads(run(["./program", "sent"], folder))
    return {"release": ".".join(patch.split(".")[:2]), **dump}


def schemes(packages: list[str]) -> str:
    """The Go file that fills a scheme with the published types."""
    imports = "".join(f'\tp{at} "{package}"\n' for at, package in enumerate(packages))
    adds = "".join(f"\tadd(p{at}.AddToScheme)\n" for at in range(len(packages)))
    return f"""package main

import (
\t"k8s.io/apimachinery/pkg/runtime"
{imports})

func schemes() []*runtime.Scheme {{
\tscheme := runtime.NewScheme()
\tadd := func(addToScheme func(*runtime.Scheme) error) {{
\t\tif err := addToScheme(scheme); err != nil {{
\t\t\tpanic(err)
\t\t}}
\t}}
{adds}\treturn []*runtime.Scheme{{scheme}}
}}
"""


def stored_types(tables: Path) -> set[str]:
    """The types that the tables of stored kinds have."""
    return {f"{path.stem}.{name}" for path in tables.glob("types/*.json") for name in json.loads(path.read_text())}


def table(
    dumps: list[dict[str, Any]], known: set[str], before: dict[str, Any], all_releases: Iterable[str]
) -> dict[str, Any]:
    """
    Kinds, those that every group version has, and the types that no other table has.

    Args:
        dumps: of the releases that were asked.
        known: the types that the other tables have.
        before: the table as it was, which speaks for the releases that were not asked.
        all_releases: the names of all.
    """
    releases = ReleaseSet(all_releases)
    merged = TypeTables(releases.known, Pairing())
    standing = ReleaseSet(set(releases.known) - {dump["release"] for dump in dumps})
    for name, row in before["types"].items():
        for release in sorted(standing.members(row.get("releases", ""))):
            package, _, short = at_home(name).rpartition(".")
            rows = [field for field in row["fields"] if release in standing.members(field.get("releases", ""))]
            plain = [{k: at_home(v) if k == "type" else v for k, v in one.items() if k != "releases"} for one in rows]
            merged.keep((package, short), release, plain, custom=row.get("custom_json", False))
    kinds = {
        (kind["group"], kind["version"], kind["kind"]): {**kind, "type": at_home(kind["type"])}
        for kind in before["kinds"]
    }
    everywhere = {kind: at_home(name) for kind, name in before["everywhere"].items()}
    for dump in sorted(dumps, key=lambda one: minor(one["release"])):
        merged.add(dump)
        for kind in dump["kinds"]:
            if kind["Type"].startswith(META):
                everywhere[kind["Kind"]] = ".".join(split(kind["Type"]))
            else:
                place = kind["Group"], kind["Version"], kind["Kind"]
                kinds[place] = dict(zip(("group", "version", "kind"), place, strict=True))
                kinds[place]["type"] = ".".join(split(kind["Type"]))
    types = {
        f"{package}.{name}": row
        for package, rows in merged.tables([]).items()
        for name, row in rows.items()
        if f"{package}.{name}" not in known
    }
    needed = reached([*everywhere.values(), *(kind["type"] for kind in kinds.values())], types)
    return {
        "kinds": [{**kinds[place], "type": moved(kinds[place]["type"], needed)} for place in sorted(kinds)],
        "everywhere": {kind: moved(name, needed) for kind, name in sorted(everywhere.items())},
        "types": {moved(name, needed): in_its_place(types[name], needed) for name in sorted(needed)},
    }


def moved(spelled: str, needed: set[str]) -> str:
    """A type as a field spells it, of the packages of this table if it is here."""
    name = bare(spelled)
    return spelled[: len(spelled) - len(name)] + f"sent.{name}" if name in needed else spelled


def at_home(spelled: str) -> str:
    """A type as `moved` found it."""
    return spelled.replace("sent.", "", 1)


def bare(spelled: str) -> str:
    """The name within `*`, `[]` and `map[string]`."""
    return spelled.rpartition("]")[2].lstrip("*")


def in_its_place(row: dict[str, Any], needed: set[str]) -> dict[str, Any]:
    """A type whose fields name the types of this table."""
    return {**row, "fields": [{**field, "type": moved(field["type"], needed)} for field in row["fields"]]}


def reached(roots: list[str], types: dict[str, Any]) -> set[str]:
    """The types among `types` that the roots are made of."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in types and name not in found:
            found.add(name)
            waiting += [bare(field["type"]) for field in types[name]["fields"]]
    return found


def written(found: dict[str, Any]) -> str:
    """The table as text, a row a line."""
    kinds = ",\n".join(json.dumps(row) for row in found["kinds"])
    everywhere = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found["everywhere"].items())
    types = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in found["types"].items())
    return f'{{"kinds": [\n{kinds}\n],\n"everywhere": {{\n{everywhere}\n}},\n"types": {{\n{types}\n}}}}\n'


if __name__ == "__main__":
    main()
