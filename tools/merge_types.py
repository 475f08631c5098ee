"""
Fold what reflection said of each release's types into one table a Go package.

Knows: how Go's types are spelled in the tables, how the rows of several releases become one list, and which key an
internal type's field has. Knows nothing of kinds beyond which types are paired, and writes no files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Any

Dump = dict[str, Any]
Field = dict[str, Any]
Row = dict[str, Any]

# Go types that the decoder knows as scalars, whatever their fields are.
SCALARS = {
    "k8s.io/apimachinery/pkg/api/resource.Quantity": "Quantity",
    "k8s.io/apimachinery/pkg/apis/meta/v1.Time": "Time",
    "k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": "MicroTime",
    "k8s.io/apimachinery/pkg/apis/meta/v1.Duration": "Duration",
    "k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1": "FieldsV1",
    "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "IntOrString",
    "k8s.io/apimachinery/pkg/runtime.RawExtension": "RawExtension",
    "k8s.io/apimachinery/pkg/runtime.Object": "RawExtension",  # what it holds in an internal type
    "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON": "JSON",
    "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1.JSON": "JSON",
    "k8s.io/apiextensions-api/pkg/apis/apiextensions/v1.JSON": "JSON",  # where 1.38 has them
    "k8s.io/apiextensions-api/pkg/apis/apiextensions/v1beta1.JSON": "JSON",
}
_SCALAR_NAMES = {name.rpartition(".")[2] for name in SCALARS}

# Named maps that rules know by their name: written after what they are, as `map[string]Quantity@core.v1.ResourceList`.
ALIASED = {"k8s.io/api/core/v1.ResourceList", "k8s.io/kubernetes/pkg/apis/core.ResourceList"}

BUILTIN = {"string", "bool", "int32", "int64", "int", "uint8", "float64"}

_PREFIX = re.compile(r"^(\*|\[\]|map\[)")
_VERSION = re.compile(r"^v\d+((alpha|beta)\d+)?$")


class MergeStopped(ValueError):
    """The dumps say what the tables cannot be made of; the message says what, and what to do."""


class ReleaseSet:
    """Writes sets of releases as the tables have them: `1.17-1.20`, `1.34-` up to the newest, joined by commas."""

    def __init__(self, releases: Iterable[str]) -> None:
        self.known = sorted(releases, key=minor)

    def ranges(self, members: Iterable[str]) -> str:
        """Members as ranges of consecutive known releases."""
        chosen = set(members)
        runs: list[list[str] | None] = []
        for release in self.known:
            if release not in chosen:
                runs.append(None)
            elif runs and runs[-1]:
                runs[-1][1] = release
            else:
                runs.append([release, release])
        return ",".join(self._run(*run) for run in runs if run)

    def members(self, spelled: str) -> set[str]:
        """The known releases in ranges as `ranges` spells them, `-1.20` too; nothing spelled is all."""
        if not spelled:
            return set(self.known)
        spans = [_span(part) for part in spelled.split(",")]
        return {one for one in self.known if any(low <= minor(one) <= high for low, high in spans)}

    def _run(self, first: str, last: str) -> str:
        if last == self.known[-1]:
            return f"{first}-"
        return first if first == last else f"{first}-{last}"


def _span(part: str) -> tuple[int, int]:
    """The minor numbers between which one range is."""
    low, dash, high = part.partition("-")
    last = high or ("" if dash else low)
    return minor(low) if low else 0, minor(last) if last else 9999


def minor(release: str) -> int:
    """The 37 of `1.37`."""
    return int(release.partition(".")[2])


def package_key(package: str) -> str:
    """`apps.v1` for `k8s.io/api/apps/v1`, `apps.internal` for the internal types of the same group."""
    parts = package.split("/")
    return ".".join(parts[-2:]) if _VERSION.match(parts[-1]) else f"{parts[-1]}.internal"


def split(name: str) -> tuple[str, str]:
    """Package key and type name of a Go type's full name."""
    package, _, bare = name.rpartition(".")
    return package_key(package), bare


def is_internal(name: str) -> bool:
    """Whether a full type name is an internal one (its package is a group's, not a version's)."""
    return split(name)[0].endswith(".internal")


class Speller:
    """
    Spells the Go types of one release as the tables do.

    Raises:
        MergeStopped: a scalar is in another package than those that `SCALARS` names.
    """

    def __init__(self, types: dict[str, Any]) -> None:
        self.types = types
        for name, known in types.items():
            moved = known.get("customJSON") and name.rpartition(".")[2] in _SCALAR_NAMES and name not in SCALARS
            if moved and not name.startswith("time."):
                raise MergeStopped(f"{name} has the name of a scalar: if it is one, merge_types.SCALARS must name it")

    def spell(self, go: str) -> str:
        """The table's spelling: named scalars, maps and slices give way to what they are."""
        if go == "[]uint8":
            return "bytes"
        prefix = _PREFIX.match(go)
        if prefix and prefix[0] == "map[":
            key, value = go[4:].split("]", 1)
            return f"map[{self.spell(key)}]{self.spell(value)}"
        if prefix:
            return prefix[0] + self.spell(go[prefix.end() :])
        if go in SCALARS or go in BUILTIN:
            return SCALARS.get(go, go)
        return self._named(go)

    def _named(self, go: str) -> str:
        known = self.types[go]
        match known["kind"]:
            case "struct":
                return ".".join(split(go))
            case "interface":
                return "any"
            case "slice" if known.get("protoMessage"):
                return "items" + self.spell(known["elem"])
            case "slice" | "map":
                alias = "@" + ".".join(split(go)) if go in ALIASED else ""
                return self.spell(known["elem"]) + alias
            case kind:
                return self.spell(kind)

    def structs(self) -> Iterator[str]:
        """The full names of the types that the tables hold, as the dump has them."""
        for name, known in self.types.items():
            if known["kind"] == "struct" and name not in SCALARS and not name.startswith("time."):
                yield name


def bare(go: str) -> str:
    """A Go type without its pointers, slices and maps."""
    while match := _PREFIX.match(go):
        go = go.split("]", 1)[1] if match[0] == "map[" else go[match.end() :]
    return go


class Pairing:
    """
    The key of each field of the internal types, from the versioned types they are paired with.

    Newer releases speak before older ones, and within a release a group's preferred version before its others, so
    that a key does not move when an old version goes.
    """

    def __init__(self) -> None:
        self.paired: dict[tuple[tuple[str, str], str], tuple[str, bool]] = {}

    def learn(self, dump: Dump) -> None:
        """Walk each kind's versioned and internal root side by side, by the fields' Go names."""
        priority = dump["priority"]

        def rank(kind: dict[str, str]) -> tuple[int, bool, str, str]:
            order = priority[kind["Group"]]
            place = order.index(kind["Version"]) if kind["Version"] in order else len(order)
            return place, kind["Group"] == "extensions", kind["Group"], kind["Kind"]

        seen: set[tuple[str, str]] = set()
        for kind in sorted((k for k in dump["kinds"] if k.get("Hub")), key=rank):
            self._walk(dump["types"], kind["Type"], kind["Hub"], seen)

    def _walk(self, types: dict[str, Any], versioned: str, hub: str, seen: set[tuple[str, str]]) -> None:
        if (versioned, hub) in seen or not is_internal(hub):
            return
        seen.add((versioned, hub))
        theirs = {f["go"]: f for f in types[versioned].get("fields", ())}
        for field in types[hub].get("fields", ()):
            twin = theirs.get(field["go"])
            if twin is None:
                continue
            self.paired.setdefault((split(hub), field["go"]), (json_name(twin), twin.get("inline", False)))
            ours, other = self._element(types, field["type"]), self._element(types, twin["type"])
            if types.get(ours, {}).get("kind") == types.get(other, {}).get("kind") == "struct":
                self._walk(types, other, ours, seen)

    def _element(self, types: dict[str, Any], go: str) -> str:
        name = bare(go)
        while types.get(name, {}).get("elem"):
            name = bare(types[name]["elem"])
        return name

    def keep(self, hub: tuple[str, str], rows: Iterable[Row]) -> None:
        """Take the keys of an internal type from rows that were merged before, where nothing newer was learned."""
        for row in rows:
            self.paired.setdefault((hub, row["go"]), (row.get("json", ""), "inline" in row.get("flags", "")))

    def key(self, hub: tuple[str, str], field: Field) -> tuple[str, bool]:
        """The hub key of an internal field, and whether its own fields stand in its parent's place."""
        unpaired = (lower_camel(field["go"]), field.get("anonymous", False))
        return self.paired.get((hub, field["go"]), unpaired)


def json_name(field: Field) -> str:
    """The key Go's encoding/json gives a field; empty when its fields stand in its parent's place."""
    return "" if field.get("inline") else field.get("json") or field["go"]


def lower_camel(go: str) -> str:
    """`hostPID` for `HostPID`, `cpuLimit` for `CPULimit`: a leading run of capitals goes down as one word."""
    run = re.match(r"[A-Z]+(?![a-z])|[A-Z]", go)
    return go if run is None else run[0].lower() + go[run.end() :]


class TypeTables:
    """The rows of every struct of every release that was added, merged."""

    def __init__(self, releases: Iterable[str], pairing: Pairing) -> None:
        self.releases = ReleaseSet(releases)
        self.pairing = pairing
        self.sequences: dict[tuple[str, str], dict[str, list[Row]]] = {}
        self.custom: set[tuple[str, str]] = set()

    def add(self, dump: Dump) -> None:
        """Take in one release's types."""
        speller = Speller(dump["types"])
        for name in speller.structs():
            known = dump["types"][name]
            rows = [self._row(name, field, speller) for field in known.get("fields", ())]
            self.keep(split(name), dump["release"], rows, custom=known.get("customJSON", False))

    def keep(self, place: tuple[str, str], release: str, rows: list[Row], *, custom: bool) -> None:
        """Take in the rows that one release has of a struct."""
        if custom:
            self.custom.add(place)
        self.sequences.setdefault(place, {})[release] = rows

    def _row(self, owner: str, field: Field, speller: Speller) -> Row:
        internal = is_internal(owner)
        inline = field.get("inline", False)
        key = json_name(field)
        if internal:
            key, inline = self.pairing.key(split(owner), field)
        row: Row = {"go": field["go"]}
        if key:
            row["json"] = key
        row["type"] = speller.spell(field["type"])
        if field.get("proto"):
            row["proto"] = field["proto"]
        flags = [] if internal else [f for f in ("omitempty", "omitzero") if field.get(f)]
        if inline:
            flags.append("inline")
        if flags:
            row["flags"] = " ".join(flags)
        if "default" in field and not internal:
            row["default"] = field["default"]
        if field.get("patch"):
            merge_key = field.get("mergeKey")
            row["patch"] = f"{field['patch']}:{merge_key}" if merge_key else field["patch"]
        return row

    def rekeyed(self, place: tuple[str, str], row: Row) -> Row:
        """A row of an internal type under the key that its field has now, which a newer release may say otherwise."""
        if not place[0].endswith(".internal"):
            return row
        key, inline = self.pairing.key(place, row)
        flags = {"flags": "inline"} if inline else {}
        named = {"go": row["go"], **({"json": key} if key else {})}
        return named | {name: value for name, value in row.items() if name not in ("json", "flags")} | flags

    def tables(self, exact: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Package key -> type name -> what the table says of it."""
        exact_set = set(exact)
        out: dict[str, dict[str, Any]] = {}
        for (package, name), by_release in sorted(self.sequences.items()):
            known = exact_set if package.endswith(".internal") else set(self.releases.known)
            entry: dict[str, Any] = {"kind": "struct"}
            if set(by_release) != known:
                entry["releases"] = self.releases.ranges(by_release)
            if (package, name) in self.custom:
                entry["custom_json"] = True
            entry["fields"] = self._merged(by_release)
            out.setdefault(package, {})[name] = entry
        return out

    def _merged(self, by_release: dict[str, list[Row]]) -> list[Row]:
        """One list of rows; those that hold for a release, in their order, are that release's fields."""
        merged: list[tuple[Row, set[str]]] = []
        for release in sorted(by_release, key=minor, reverse=True):
            merged = _weave(merged, by_release[release], release)
        for release, rows in by_release.items():
            restored = [content(row) for row, holds in merged if release in holds]
            if restored != [content(row) for row in rows]:
                raise MergeStopped(f"rows of {release} do not survive the merge: {rows[:1]}")
        return [self._marked(row, holds, by_release) for row, holds in merged]

    def _marked(self, row: Row, holds: set[str], by_release: dict[str, list[Row]]) -> Row:
        if holds == set(by_release):
            return row
        tail = {k: row[k] for k in ("default", "patch") if k in row}
        head = {k: v for k, v in row.items() if k not in tail}
        return {**head, "releases": self.releases.ranges(holds), **tail}


def content(row: Row) -> str:
    """What must be equal for two releases to share a row; patch keys are for display and follow the newest."""
    return repr({k: v for k, v in row.items() if k != "patch"})


def _weave(merged: list[tuple[Row, set[str]]], rows: list[Row], release: str) -> list[tuple[Row, set[str]]]:
    """Add an older release's rows to the newer ones': shared rows gain the release, others go in where they were."""
    ours, theirs = [content(row) for row, _ in merged], [content(row) for row in rows]
    out: list[tuple[Row, set[str]]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag != "equal":
            out += [(row, {release}) for row in rows[j1:j2]]
            out += merged[i1:i2]
            continue
        out += [(row, holds | {release}) for row, holds in merged[i1:i2]]
    return out
