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

Written by `make docs` from the table that kstore itself words its errors with (`src/kstore/cli/kubectl.py`). The flags
are those of kubectl 1.37.2; a test compares the table with the flags that a real kubectl lists.

Each flag is *{SAME}*, *{DIFFERENT}* (and why), or *{NO_SERVER}*. A flag that kstore does not have is
refused with exit code 2, and the error says what is below. Flags with a value that kubectl's parser takes
(`--watch=true`, `-o=yaml`) are taken, too, and so is a namespace in front: `kstore -n shop get pods`.
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

Tables have the columns and cells of the release that `--release` names, the newest's else: a Job's STATUS came with
1.30, a ServiceAccount's SECRETS went with 1.35. Releases before 1.29 are printed as 1.29 is.

Objects are shown as they are stored: what a server would set or convert when it reads them, `--as GROUP/VERSION` and
`--as-served` show. Templates that fail end with exit code 1 and an error; kubectl prints the object that failed beside
it. `--sort-by` leaves objects that are equal in the order of their keys; kubectl's order of more than twelve equal ones
is any. `jsonpath={..name}` goes through members in the order of their names, kubectl in another with each run. Of what
etcd does not hold (`componentstatuses`, reviews, metrics) nothing is shown. Of Go's templates `define`, `template`,
`block`, `call` and `js` are not supported, and `printf` refuses a verb that does not fit its value, where Go prints
`%!d(string=a)`.
"""
_DESCRIBE = """\
## What `describe`, `explain` and `resources` print

None of the three is kubectl's text.

- `describe` shows the facts of a kind, and how the object is stored: key, version, encryption, revision. Of other
  objects it shows the Events alone, where kubectl adds the Pods of a Node or the Endpoints of a Service.
- `explain` has a row a field, with type and protobuf number; no descriptions, which kubectl has from the server.
- `resources` is what etcd holds, with keys and the version that is stored; names with their group, CRDs last.
"""
_DIFF = """\
## What `diff` prints

| you write | kubectl | kstore |
|---|---|---|
| `diff` | a unified diff, from `diff -u -N` | a line a field, list items matched by their names |
| `diff -o unified` | not possible | a unified diff of YAML in git's form: `kstore diff A B -o unified \\| delta` |
| `diff -o external` | | the same program, with kubectl's directories and names of files |
| `KUBECTL_EXTERNAL_DIFF="tool --a=./b"` | drops `--a=./b` | drops nothing |
| Secrets | `***`, `*** (before)`, `*** (after)` | `*****`, `***** (before)`, `***** (after)`, in annotations, too |
| something differs | exit code 1 | exit code 5; also where the program ends with 0 |
| something failed | an exit code above 1 | exit code 1, or 2 for what was written wrongly |
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
