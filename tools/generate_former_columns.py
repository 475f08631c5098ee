"""
Writes src/kstore/view/columns/former_columns.json: the columns of each kind as releases before the newest print them.

    python -m tools.generate_former_columns           # write it (Go downloads Kubernetes' sources)
    python -m tools.generate_former_columns --check   # 1 if it is not what would be written

Read from `pkg/printers/internalversion/printers.go` of each release, and the descriptions from k8s.io/api. That it is
read rightly shows in the newest release: what is read there must be what a real server answered (`columns.json`); and
tests/e2e/test_tables.py asks a real 1.29.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tools.generate_columns import COMPACT, MOVED
from tools.generate_columns import TARGET as NEWEST

TARGET = NEWEST.with_name("former_columns.json")
RELEASES = Path(__file__).parents[1] / "src" / "kstore" / "catalog" / "tables" / "releases.json"
PRINTERS = "pkg/printers/internalversion/printers.go"
_COLUMNS = re.compile(r"(\w+) :?= (?:append\(\w+, )?\[\]metav1\.TableColumnDefinition\{\n(.*?)\n\t\}", re.DOTALL)
_COLUMN = re.compile(r"\{Name: (\"[^\"]*\"), (.*)\},")
_MEMBER = re.compile(r"(Type|Format|Priority): \"?(\w+)\"?")
_DESCRIPTION = re.compile(
    r"Description: (?:(\"(?:[^\"\\]|\\.)*\")|(\w+)\.(\w+)\{\}(?:\.(\w+))?\.SwaggerDoc\(\)\[(\"\w*\")\])"
)
_HANDLER = re.compile(r"h\.TableHandler\((\w+), (\w+)\)")
_PRINTER = re.compile(r"func (print\w+)\(\w+ \*(\w+)\.(\w+), ")
_IMPORT = re.compile(r"^\t(?:(\w+) )?\"(k8s\.io/[\w./-]+)\"", re.MULTILINE)
_DOCUMENTED = re.compile(r"var map_(\w+) = map\[string\]string\{\n(.*?)\n\}", re.DOTALL)
_TEXT = re.compile(r"^\t(\"\w*\"):\s+(\".*\"),$", re.MULTILINE)
_TYPES_OF_MEMBERS = {"InvolvedObject": "ObjectReference", "Source": "EventSource"}
UNUSED = "CSIStorageCapacity.storage.k8s.io"
"""It has a printer that its storage does not use (`pkg/registry/storage/csistoragecapacity/storage/storage.go`)."""
Columns = list[list[Any]]


def main() -> int:
    """Read, and write the file or compare it."""
    text = generated()
    if "--check" in sys.argv[1:]:
        return int(TARGET.read_text() != text)
    TARGET.write_text(text)
    print(f"{TARGET}: {len(text.splitlines())} lines")
    return 0


def generated() -> str:
    """The text of the file."""
    releases = [(one["release"], one["patch"]) for one in json.loads(RELEASES.read_text()) if one["exact"]]
    every = [(int(name.partition(".")[2]), columns_of(patch)) for name, patch in releases]
    newest = every.pop()[1]
    _require_equal(newest, asked())
    descriptions: dict[str, int] = {}
    kinds: dict[str, list[tuple[int, Columns]]] = {}
    for kind in sorted(set().union(*(found for _, found in every))):
        runs: list[tuple[int, Columns]] = []
        following = newest.get(kind)
        for minor, found in reversed(every):
            if kind in found and found[kind] != following:
                following = found[kind]
                runs.append((minor, following))
        if runs:
            kinds[kind] = runs[::-1]
    rows = []
    for kind, spans in kinds.items():
        written = [
            [last, [[*one[:-1], descriptions.setdefault(one[-1], len(descriptions))] for one in columns]]
            for last, columns in spans
        ]
        rows.append(f"  {json.dumps(kind)}: {json.dumps(written, separators=COMPACT)}")
    told = ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in descriptions)
    return f'{{\n "descriptions": [\n{told}\n ],\n "kinds": {{\n' + ",\n".join(rows) + "\n }\n}\n"


def asked() -> dict[str, Columns]:
    """The newest release's columns, as a real server answered them."""
    facts = json.loads(NEWEST.read_text())
    return {
        kind: [[*one[:-1], facts["descriptions"][one[-1]]] for one in columns]
        for kind, columns in facts["kinds"].items()
    }


def _require_equal(read: dict[str, Columns], answered: dict[str, Columns]) -> None:
    wrong = [kind for kind in answered if kind in read and read[kind] != answered[kind]]
    if wrong:
        raise SystemExit(f"the columns of {', '.join(wrong)} are not read as a server answers them")


def columns_of(patch: str) -> dict[str, Columns]:
    """Each kind (`Job.batch`) that a release has a printer for, and its columns: name, type, format, priority, text."""
    source = (sources("k8s.io/kubernetes", f"v{patch}") / PRINTERS).read_text()
    imports = {alias or path.rpartition("/")[2]: path for alias, path in _IMPORT.findall(source)}
    kinds = {name: (package, kind) for name, package, kind in _PRINTER.findall(source)}
    definitions: dict[str, Columns] = {}
    for name, text in _COLUMNS.findall(source):
        definitions.setdefault(name, []).extend(_columns(text, imports, patch))
    found: dict[str, Columns] = {}
    for name, printer in _HANDLER.findall(source):
        package, kind = kinds[printer]
        if kind.endswith("List") or not imports[package].startswith("k8s.io/kubernetes/"):
            continue
        group = group_of(imports[package], patch)
        found[".".join(filter(None, (kind, group)))] = definitions[name]
    found |= {old: found[new] for old, new in MOVED.items()}
    found["Event.events.k8s.io"] = found["Event"]
    del found[UNUSED]
    return found


def _columns(text: str, imports: dict[str, str], patch: str) -> Iterator[list[Any]]:
    for name, rest in _COLUMN.findall(text):
        description = _DESCRIPTION.search(rest)
        assert description, rest
        members = dict(_MEMBER.findall(rest[: description.start()]))
        literal, package, type_name, member, key = description.groups()
        type_name = _TYPES_OF_MEMBERS[member] if member else type_name
        shown = json.loads(literal) if literal else documented(imports[package], patch).get(type_name, {}).get(
            json.loads(key), ""
        )  # fmt: skip
        yield [json.loads(name), members["Type"], members.get("Format", ""), int(members.get("Priority", 0)), shown]


@cache
def documented(package: str, patch: str) -> dict[str, dict[str, str]]:
    """What the types of a package are described with, member by member."""
    module = "/".join(package.split("/")[:2])
    folder = sources(module, f"v0{patch[1:]}") / package.removeprefix(f"{module}/")
    return {
        name: {json.loads(key): json.loads(value) for key, value in _TEXT.findall(text)}
        for name, text in _DOCUMENTED.findall((folder / "types_swagger_doc_generated.go").read_text())
    }


@cache
def group_of(package: str, patch: str) -> str:
    """The API group of a package of internal types."""
    folder = sources("k8s.io/kubernetes", f"v{patch}") / package.removeprefix("k8s.io/kubernetes/")
    found = re.search(r"const GroupName = \"(.*)\"", (folder / "register.go").read_text())
    assert found, folder
    return found[1]


@cache
def sources(module: str, version: str) -> Path:
    """Where a module's sources are, downloaded if need be."""
    command = ["go", "mod", "download", "-json", f"{module}@{version}"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    return Path(json.loads(ran.stdout)["Dir"])


if __name__ == "__main__":
    raise SystemExit(main())
