#!/usr/bin/env python3
"""
The ledger of upstream's hand-written functions: which release has which, and what kstore has in its place.

    python -m tools.upstream DUMPS     folds the dumps of exact releases into upstream.lock, and lists what changed
    python -m tools.upstream           lists what upstream.lock does not account for yet; exits with 1 if there is any

The dumps are tools/catalog/release.py's. A row names the upstream function, its hash in each range of releases (a new
hash: its body changed, look at it), and either `port`, the Python function that does the same, or `unneeded`, why
stored objects do not need it. Most ports are found in the rules by the types that they are declared for; the others,
and the reasons, are written into the lock by hand and kept.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from kstore.catalog.releases import minor_of
from kstore.catalog.tables import read_table
from kstore.scheme import groups
from kstore.scheme.registry import Rule

LOCK = Path(__file__).parent / "upstream.lock"
Row = dict[str, Any]


def rows() -> list[Row]:
    """The ledger."""
    found: list[Row] = json.loads(LOCK.read_text())
    return found


def unaccounted(ledger: list[Row]) -> list[str]:
    """The functions without a port and without a reason."""
    return [row["function"] for row in ledger if not row.get("port") and not row.get("unneeded")]


def exists(port: str) -> bool:
    """Whether there is such a Python function: a module, then names in it."""
    module, rest = port, ""
    while module:
        try:
            found: Any = import_module(module)
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            rest = f"{last}.{rest}".rstrip(".")
            continue
        for name in rest.split(".") if rest else ():
            found = getattr(found, name, None)
        return callable(found)
    return False


# ---- which function stands for which


def ports() -> dict[str, str]:
    """What the rules are declared for -> the Python function: `apps.v1.Deployment` or `a.v1.X -> a.internal.X`."""
    found: dict[str, str] = {}
    for rules in groups.load():
        for name, rule in rules.defaults:
            found.setdefault(name, path_of(rule))
        for source, target, rule in (*rules.conversions, *rules.values):
            found.setdefault(f"{source} -> {target}", path_of(rule))
    return found


def path_of(rule: Rule) -> str:
    """A function's module and name; of one that another function makes, the maker's."""
    return f"{rule.function.__module__}.{rule.function.__qualname__.partition('.<locals>')[0]}"


def declared_for(package: str, name: str) -> Iterator[str]:
    """
    What a rule that ports an upstream function is declared for.

    Args:
        package: such as `k8s.io/kubernetes/pkg/apis/apps/v1`.
        name: such as `SetDefaults_Deployment` or `Convert_v1_Deployment_To_apps_Deployment`.
    """
    own = _table_package(package)
    default = re.match(r"SetDefaults_(\w+)\Z", name)
    if default:
        # rules of extensions and others use the types of k8s.io/api, whose names are the same
        yield f"{own}.{default[1]}"
        yield f"core.v1.{default[1]}"
    conversion = re.match(r"Convert_(\w+?)_(\w+)_To_(\w+?)_(\w+)\Z", name)
    if conversion:
        left, source, right, target = conversion.groups()
        version = own.rpartition(".")[2]
        for one in _sides(own, left, version, source):
            for other in _sides(own, right, version, target):
                yield f"{one} -> {other}"
        if {source, target} == {"JSON"}:
            yield "JSON -> any" if left == version else "any -> JSON"


def _table_package(package: str) -> str:
    group, version = package.split("/pkg/apis/")[-1].split("/")[:2]
    return f"{group}.{version}"


def _sides(own: str, prefix: str, version: str, name: str) -> list[str]:
    """A type's name in the tables: versioned, or internal (of this group, or of the group that the prefix names)."""
    if prefix == version:
        return [f"{own}.{name}", f"core.v1.{name}"]
    return [f"{group}.internal.{name}" for group in dict.fromkeys((prefix, own.partition(".")[0]))]


# ---- folding dumps into the ledger


def fold(dumps: Path) -> list[Row]:
    """The ledger anew: functions and hashes from the dumps, ports from the rules, reasons from the ledger that was."""
    before = {row["function"]: row for row in rows()} if LOCK.exists() else {}
    known = ports()
    hashes = {title: _by_minor(row["hashes"]) for title, row in before.items()}
    for release in read_table("releases.json"):
        dump = dumps / f"k8s-{release['release']}.json"
        if release.get("exact") and dump.exists():
            minor = minor_of(release["release"])
            for found in hashes.values():
                found.pop(minor, None)
            for function in json.loads(dump.read_text())["functions"]:
                where = function["package"].removeprefix("k8s.io/kubernetes/").removeprefix("k8s.io/")
                hashes.setdefault(f"{where}/{function['file']} {function['name']}", {})[minor] = function["hash"]
    moved = {_within_module(title): row for title, row in before.items()}
    ledger = []
    for title in sorted(title for title, found in hashes.items() if found):
        row: Row = {"function": title, "hashes": _ranges(hashes[title])}
        path, _, name = title.partition(" ")
        port = next((known[one] for one in declared_for(path.rpartition("/")[0], name) if one in known), None)
        kept = before.get(title) or moved.get(_within_module(title), {})
        if port or kept.get("port"):
            row["port"] = port or kept["port"]
        elif kept.get("unneeded"):
            row["unneeded"] = kept["unneeded"]
        ledger.append(row)
    return ledger


def _ranges(by_minor: dict[int, str]) -> dict[str, str]:
    """Neighbouring releases of one hash as a range."""
    spans: list[list[Any]] = []
    for minor, digest in sorted(by_minor.items()):
        if spans and spans[-1][2] == digest and spans[-1][1] == minor - 1:
            spans[-1][1] = minor
        else:
            spans.append([minor, minor, digest])
    return {f"1.{low}" if low == high else f"1.{low}-1.{high}": digest for low, high, digest in spans}


def _by_minor(ranges: dict[str, str]) -> dict[int, str]:
    """The hash of each release in some ranges."""
    found = {}
    for span, digest in ranges.items():
        low, _, high = span.partition("-")
        found.update(dict.fromkeys(range(minor_of(low), minor_of(high or low) + 1), digest))
    return found


def changes(ledger: list[Row]) -> Iterator[str]:
    """Yield what the newest release among the hashes has new, has lost, has moved, or has with another body."""
    newest = max(minor for row in ledger for minor in _by_minor(row["hashes"]))
    titles = [row["function"] for row in ledger]
    hashes = [_by_minor(row["hashes"]) for row in ledger]
    came = {title for title, found in zip(titles, hashes, strict=True) if newest in found and newest - 1 not in found}
    left = {
        _within_module(title): (title, found[newest - 1])
        for title, found in zip(titles, hashes, strict=True)
        if newest - 1 in found and newest not in found
    }
    arrived = {_within_module(title) for title in came}
    for row, found in zip(ledger, hashes, strict=True):
        title, what = row["function"], ""
        now, before = found.get(newest), found.get(newest - 1)
        origin = left.get(_within_module(title)) if title in came else None
        if origin is not None:
            what = f"moved{'' if origin[1] == now else ' and changed'} from {origin[0].partition(' ')[0]}"
        elif now is None and before is not None:
            what = "" if _within_module(title) in arrived else "gone"
        elif now != before:
            what = "new" if before is None else "changed"
        if what:
            yield f"1.{newest} {what}: {title} ({row.get('port') or row.get('unneeded') or 'open'})"


def _within_module(title: str) -> str:
    """A function's place within its module, which it keeps when its package moves to another."""
    return title.partition("pkg/")[2] or title


def write(ledger: list[Row]) -> None:
    """Keep the ledger, a row a line, so that a new release shows as lines of a diff."""
    LOCK.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in ledger) + "\n]\n")


def main() -> int:
    """The command line."""
    if len(sys.argv) > 1:
        write(fold(Path(sys.argv[1])))
        print(*changes(rows()), sep="\n")
    missing = unaccounted(rows())
    for function in missing:
        print(function)
    ledger = rows()
    ported = sum(1 for row in ledger if row.get("port"))
    unneeded = len(ledger) - ported - len(missing)
    print(f"{len(ledger)} functions: {ported} ported, {unneeded} not needed, {len(missing)} open")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
