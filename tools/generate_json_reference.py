"""
Writes docs/reference/json.md from the JSON Schemas beside it: a table a document, a row a member.

    python -m tools.generate_json_reference           # write it
    python -m tools.generate_json_reference --check   # 1 if it is not what would be written
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
SCHEMAS, TARGET = FOLDER / "schemas", FOLDER / "json.md"
ENDING = ".schema.json"
SECTIONS = {
    "Objects": ("object", "list", "table", "tree", "prefixes"),
    "Questions": ("analyze", "check", "prove", "crds", "history", "revision", "diff", "compared"),
    "Migrations": (
        "migrate-summary", "migrate-status", "migrate-verify", "migrate-prove", "migrate-rollback",
        "migrate-via-apiserver", "move",
    ),
    "Exports": ("export-header", "export-index"),
    "Encode and decode": ("decode-line", "value-line", "error-line"),
    "Resources and types": ("resources", "resource", "resource-explained", "explain", "explain-field", "releases",
        "release-difference"),
    "Parts of the above": ("error", "difference"),
}  # fmt: skip
_INTRODUCTION = """\
# JSON outputs

`make docs` writes this page from the JSON Schemas in [schemas](schemas). Tests validate the output of the commands
against them. The contract:

- Members are added within a major version of kstore; none is removed, renamed or given another type. Programs must
  ignore members that they do not know.
- `-o json` is one document; `-o jsonl` and `--batch` are JSON Lines: one document per line, in UTF-8. The order of
  members is not part of the contract.
- Standard output contains only the document. Messages go to standard error; see also the [exit codes](exit-codes.md).
- Keys are text: bytes that are not UTF-8, and control characters, are [percent-encoded](security.md).
  Sizes are in bytes, times in RFC 3339.
- [Masking](security.md) describes when values of Secrets are included.

`check -o sarif` is [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html). `-o
jsonpath-as-json=PATH` is a list of what the path finds. Journals and saved plans are in [journal.md](journal.md).
A member in *italics* may be missing.
"""


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its name."""
    found = sorted(SCHEMAS.glob("*" + ENDING))
    return {path.name.removesuffix(ENDING): json.loads(path.read_text(encoding="utf-8")) for path in found}


def reference() -> str:
    """The text of docs/reference/json.md."""
    return "\n".join(_lines(schemas())) + "\n"


def _lines(known: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield _INTRODUCTION
    for heading, names in SECTIONS.items():
        yield f"## {heading}\n"
        for name in names:
            yield from _document(name, known[name])


def _document(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    commands = ", ".join(f"`{one}`" for one in schema["x-commands"])
    yield f"{schema['title']}{f': {commands}' if commands else ''}. [Schema](schemas/{name}{ENDING}).\n"
    if "description" in schema:
        yield schema["description"] + "\n"
    rows = list(_rows(schema, ""))
    yield "\n".join(["| member | type | meaning |", "|---|---|---|", *rows, ""])


def _rows(schema: dict[str, Any], path: str) -> Iterator[str]:
    """The members of an object, or of the objects in a list, and theirs below them."""
    if "anyOf" in schema:
        schema = next(one for one in schema["anyOf"] if one.get("type") == "object")
    if schema.get("type") == "array":
        yield from _rows(schema["items"], f"{path}[]")
        return
    required = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        where = f"{path}.{name}" if path else name
        mark = "" if name in required else "*"
        text = member["description"].replace("|", "\\|")
        yield f"| {mark}`{where}`{mark} | {_type(member)} | {text} |"
        yield from _rows(member, where)


def _type(schema: dict[str, Any]) -> str:
    """A type in words."""
    if "$ref" in schema:
        name = schema["$ref"].removesuffix(ENDING)
        return f"[{name}](#{name})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    kinds = schema.get("type", "any")
    if isinstance(kinds, list):
        return " or ".join(kinds)
    if kinds == "array":
        return f"list of {_type(schema['items'])}"
    values = schema.get("additionalProperties")
    if kinds == "object" and isinstance(values, dict):
        return f"object of {_type(values)}"
    return str(kinds)


def main() -> int:
    """Write the file, or compare it."""
    text = reference()
    if "--check" in sys.argv[1:]:
        return int(not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET}: {len(text.splitlines())} lines")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
