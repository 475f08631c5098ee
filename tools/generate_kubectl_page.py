"""
Writes docs/reference/kubectl.md: what becomes of kubectl's flags, formats and commands, from the table that the command
line itself goes by.

    python -m tools.generate_kubectl_page           # write it
    python -m tools.generate_kubectl_page --check   # 1 if it is not what would be written
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from kstore.cli.kubectl import COMMANDS, DIFFERENT, ELSEWHERE, FLAGS, NO_SERVER, SAME, WORDS

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "kubectl.md"
_INTRODUCTION = f"""\
# Coming from kubectl

This page lists the flags of kubectl 1.37.2, and what kstore does with each. `make docs` writes it from
`src/kstore/cli/kubectl.py`; a test compares it with the flags that a real kubectl lists.

Each flag is *{SAME}*, *{DIFFERENT}*, or *{NO_SERVER}*. If kstore does not have a flag, it exits with code 2, and the
error contains the text below. The forms `--watch=true`, `-o=yaml` and `kstore -n shop get pods` work as in kubectl.
"""
_GET = """\
## What `get` prints

| you write | kubectl | kstore |
|---|---|---|
| `get pods`, `get pods -A`, `get deploy,sts` | the server's table | the same table, byte for byte but for the ages |
| `get pods NAME`, `get pods/NAME` | a table of one row | YAML of the object; `-o table` and `-o wide` give the row |
| `get pods NS/NAME`, `get pods/NS/NAME`, `get NS/NAME` | not possible | YAML of the object |
| `get KEY` | not possible | YAML of the object at a key of etcd |
| `-o json`, `yaml`, `kyaml`, `name`, `jsonpath…`, `go-template…`, `custom-columns…` | | the same text |
| Secrets in `-o yaml`, `kyaml`, `custom-columns`, `describe` | in full | masked, unless `--show-secrets` |

Tables have the columns and cells of the release that `--release` names, or else of the newest one: 1.30 added STATUS to
Jobs, 1.35 removed SECRETS from ServiceAccounts. Tables of releases before 1.29 are those of 1.29.

Other differences:

- Objects are shown as they are stored. To see what a server would return, use `--as GROUP/VERSION` or `--as-served`.
- If a template fails, kstore exits with code 1 and an error. kubectl also prints the object.
- `--sort-by` keeps equal objects in the order of their keys. kubectl's order of more than twelve of them is undefined.
- `jsonpath={..name}` visits members in the order of their names. kubectl's order changes from run to run.
- Resources that are not stored in etcd (`componentstatuses`, reviews, metrics) are not available.
- Go templates do not support `define`, `template`, `block`, `call` and `js`. `printf` rejects a verb that does not fit
  its value, where Go prints `%!d(string=a)`.
"""
_DESCRIBE = """\
## What `describe`, `explain` and `resources` print

The output of these commands differs from kubectl's.

- `describe` shows the object, and how it is stored: key, version, encryption, revision. It shows Events, but no other
  related objects: kubectl also shows the Pods of a Node and the Endpoints of a Service.
- `explain` shows one row per field, with type and protobuf number. It has no descriptions, which kubectl gets from the
  server.
- `resources` shows the key and the storage version of each resource, with full names; CRDs come last.
"""
_DIFF = """\
## What `diff` prints

| you write | kubectl | kstore |
|---|---|---|
| `diff` | a unified diff, from `diff -u -N` | one line per field; list items are matched by name |
| `diff -o unified` | not possible | a unified diff of YAML in git's form: `kstore diff A B -o unified \\| delta` |
| `diff -o external` | | the same program, directories and file names as `kubectl diff` |
| `KUBECTL_EXTERNAL_DIFF="tool --a=./b"` | drops `--a=./b` | drops nothing |
| Secrets | `***`, `*** (before)`, `*** (after)` | `*****`, `***** (before)`, `***** (after)`, in annotations, too |
| something differs | exit code 1 | exit code 5; also where the program ends with 0 |
| something failed | an exit code above 1 | exit code 1, or 2 for a usage error |
"""


def page() -> str:
    """The text of the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield _GET
    for theirs, ours in COMMANDS.items():
        yield f"## kubectl {theirs}: kstore {ours}\n"
        yield "| flag | is | |\n|---|---|---|"
        for names, flag in FLAGS[theirs].items():
            yield f"| `{names}` | {flag.answer} | {flag.why} |"
        yield ""
    yield _DESCRIBE
    yield _DIFF
    yield "## Flags of etcdctl and others\n"
    yield "| flag | what kstore says |\n|---|---|"
    for name, hint in ELSEWHERE.items():
        yield f"| `{name}` | {hint} |"
    yield ""
    yield "## Words of kubectl, etcdctl and others\n"
    yield "| command | what kstore says |\n|---|---|"
    for word, hint in WORDS.items():
        yield f"| `{word}` | {hint} |"
    yield ""


def main(arguments: list[str]) -> int:
    """Write the page, or see that it is as it would be written."""
    if arguments == ["--check"]:
        return int(TARGET.read_text() != page())
    TARGET.write_text(page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
