"""
Write the table of how fields are owned: which structs and maps are owned as a whole, which lists in parts.

    python -m tools.merge_ownership            # asks Go's module proxy for client-go of every exact release
    python -m tools.merge_ownership --check    # 1 if the table is not what would be written

The facts are those that apiservers make their managedFields by; client-go carries the same schema, generated from the
releases' OpenAPI (`applyconfigurations/internal/internal.go`).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tools.catalog.modules import downloaded, published

HERE = Path(__file__).resolve().parent
TABLES = HERE.parent / "src/kstore/catalog/tables"
TARGET = TABLES / "ownership.json"
_PREFIXES = (
    "io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.apiextensions-apiserver.pkg.apis.",
    "io.k8s.apiextensions-api.pkg.apis.", "io.k8s.kube-aggregator.pkg.apis.",
)  # fmt: skip
_EXTENSIONS = (("apiextensions-apiserver", "apiextensions-api"), ("kube-aggregator",))
"""
Modules whose own clients carry the schema of CRDs and APIServices: the first that does, as 1.38 gives those of CRDs a
module of their own. Only the newest releases have them; the markers that they are made from (`+listType`, all others
being owned as a whole) have been the same since the oldest exact one.
"""
_SORTS = ("structs", "exceptions", "maps", "lists", "keys", "defaulted")
_UNTYPED = "__"
"""What the schema has for values of no type begins so."""


def main() -> None:
    """Parse the command line, read every release, and write or compare."""
    parser = argparse.ArgumentParser(description="Write the table of how fields are owned.")
    parser.add_argument("--check", action="store_true", help="compare with the table instead of writing it")
    arguments = parser.parse_args()
    releases = [row["release"] for row in json.loads((TABLES / "releases.json").read_text()) if row.get("exact")]
    extensions = [facts(schema_of(releases[-1], names, "pkg/client/applyconfiguration")) for names in _EXTENSIONS]
    clients = {release: facts(schema_of(release, ("client-go",), "applyconfigurations")) for release in releases}
    text = table({release: joined([found, *extensions]) for release, found in clients.items()})
    if arguments.check:
        sys.exit(None if TARGET.read_text() == text else f"{TARGET} is not what the releases give")
    TARGET.write_text(text)


def joined(parts: list[dict[str, set[str]]]) -> dict[str, set[str]]:
    """The facts of several schemas; what another knows better, as ObjectMeta, is the first's."""
    known = {place.rpartition(".")[0] for sort in _SORTS for place in parts[0][sort]}
    found = {sort: set(parts[0][sort]) for sort in _SORTS}
    for part in parts[1:]:
        for sort in _SORTS:
            found[sort] |= {place for place in part[sort] if not place.startswith("meta.") and place not in known}
    return found


def schema_of(release: str, names: Sequence[str], folder_of_it: str) -> Any:
    """
    The schema that a client of a release carries, newest patch of it or not: types do not change in patches.

    Args:
        release: such as `1.37`.
        names: modules of k8s.io, of which the first that has the schema is read.
        folder_of_it: where in the module it is.
    """
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            folder = downloaded(f"k8s.io/{name}", published(f"{release}.0"), Path(work))
        source = folder / folder_of_it / "internal/internal.go"
        if source.exists():
            return written_in(source.read_text())
    sys.exit(f"none of {', '.join(names)} of {release} has {folder_of_it}/internal/internal.go")


def written_in(source: str) -> Any:
    """The schema within a Go file that carries it."""
    mark = "typed.YAMLObject(`"
    begin = source.index(mark) + len(mark)
    return yaml.load(source[begin : source.index("`", begin)], Loader=yaml.CSafeLoader)


def facts(schema: Any) -> dict[str, set[str]]:
    """
    What one release owns how: `structs` and `maps` (a field's) as a whole, `lists` (a field's) in parts, and so
    `exceptions`: fields whose struct is owned as a whole elsewhere. By which of their fields the elements of a list are
    told apart: `keys` has those that an element may lack, `defaulted` those that it has by default.

    What is not named is owned the other way.
    """
    found: dict[str, set[str]] = {sort: set() for sort in _SORTS}
    defaulted = {
        one["name"]: {field["name"] for field in (one.get("map") or {}).get("fields") or () if "default" in field}
        for one in schema["types"]
    }
    for one in schema["types"]:
        name = bare(one["name"])
        body = one.get("map")
        if body is None or name.startswith(_UNTYPED):
            continue
        if body.get("elementRelationship") == "atomic":
            found["structs"].add(name)
        for field in body.get("fields") or ():
            place, kind = f"{name}.{field['name']}", field["type"]
            if kind.get("list", {}).get("elementRelationship") == "associative":
                found["lists"].add(place)
                for key in kind["list"].get("keys") or ():
                    has_default = key in defaulted.get(kind["list"]["elementType"].get("namedType"), ())
                    found["defaulted" if has_default else "keys"].add(f"{place} {key}")
            elif (
                kind.get("map", {}).get("elementRelationship") == "atomic"
                or kind.get("elementRelationship") == "atomic"
            ):
                found["maps"].add(place)
            elif kind.get("elementRelationship") == "separable":
                found["exceptions"].add(place)
    return found


def bare(name: str) -> str:
    """A type's name as the tables have it: `core.v1.Pod`."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def table(releases: dict[str, dict[str, set[str]]]) -> str:
    """The table's text: a fact a line, with the releases that it holds for where these are not all."""
    known = list(releases)
    lines = []
    for sort in _SORTS:
        rows = {}
        for name in sorted({one for found in releases.values() for one in found[sort]}):
            rows[name] = ",".join(ranges([release for release in known if name in releases[release][sort]], known))
        lines.append(
            f'"{sort}": {{\n' + ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in rows.items()) + "\n}"
        )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def ranges(held: list[str], known: list[str]) -> Iterator[str]:
    """Releases as the tables spell them: `1.31-1.33`, `1.34-`; nothing for all."""
    if held == known:
        return
    start = None
    for at, release in enumerate(known):
        if release in held and start is None:
            start = release
        is_last = at + 1 == len(known)
        if start is not None and (is_last or known[at + 1] not in held):
            yield f"{start}-" if is_last else start if start == release else f"{start}-{release}"
            start = None


if __name__ == "__main__":
    main()
