"""
The library does not name the command line's commands and options: errors carry data, and `cli/hints.py` words it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from kstore.cli.main import cli

SOURCE = Path(__file__).resolve().parents[2] / "src" / "kstore"
NAMED = re.compile(r"\bkstore ([a-z]+)|(?<![\w-])(--[a-z][a-z-]+)")


def words_of(command: click.Command, context: click.Context) -> Iterator[str]:
    """The options of a command, and the names and options of those below it."""
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield name
            below = command.get_command(context, name)
            assert below is not None
            yield from words_of(below, click.Context(below, parent=context))


WORDS = frozenset(words_of(cli, click.Context(cli)))
TOLD_APART = ("cli", "inspect/checks")
"""
The command line itself; and the checks, whose advice is a command by its nature: a finding is tested by running it
(tests/inspect/findings), so the words stand beside what they mend.
"""
LEFT: dict[str, int] = {
    "catalog/releases.py": 6,
    "catalog/server_flags.py": 3,
    "codec.py": 5,
    "customresource/converter.py": 3,
    "customresource/webhook.py": 4,
    "decode/envelope.py": 1,
    "encryption/interface.py": 1,
    "encryption/transformers.py": 1,
    "errors.py": 1,
    "inspect/findings.py": 1,
    "inspect/proof_record.py": 1,
    "library/proving.py": 2,
    "library/serving.py": 1,
    "migrate/kubeconfig.py": 1,
    "migrate/move.py": 4,
    "migrate/planfile.py": 1,
    "migrate/request.py": 2,
    "repair/edit.py": 2,
    "repair/offline.py": 2,
    "scheme/scheme.py": 1,
    "selection/arguments.py": 1,
    "selection/criteria.py": 3,
    "selection/filters.py": 3,
    "selection/where.py": 1,
    "source/archive/folder.py": 2,
    "source/archive/source.py": 1,
    "source/archive/spool.py": 1,
    "source/bbolt/page_file.py": 1,
    "source/certificates.py": 10,
    "source/etcd/client.py": 3,
    "source/etcd/connection.py": 2,
    "source/etcd/endpoint.py": 4,
    "source/etcd/errors.py": 6,
    "source/etcd2.py": 1,
    "source/location/address.py": 4,
    "source/snapshot/source.py": 1,
    "sql/tables.py": 2,
}
"""How many such texts a module has left: it may lose some, and then this number goes down, but none may come."""


def _texts(tree: ast.Module) -> list[str]:
    """The literals of a module but its docstrings."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def named_in(text: str) -> list[str]:
    """The literals of a module's text that name a command or an option."""
    return [
        one
        for one in _texts(ast.parse(text))
        if any(found[1] in WORDS or found[2] in WORDS for found in NAMED.finditer(one))
    ]


MODULES = [
    name
    for path in sorted(SOURCE.rglob("*.py"))
    if not (name := path.relative_to(SOURCE).as_posix()).startswith(TOLD_APART)
]


def test_the_library_names_no_command_and_no_option() -> None:
    """No module has more such texts than were left; one that has fewer says so here."""
    found = {name: named_in((SOURCE / name).read_text(encoding="utf-8")) for name in MODULES}
    assert {name: texts for name, texts in found.items() if len(texts) != LEFT.get(name, 0)} == {}
    assert LEFT.keys() <= found.keys()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("raise E(hint='`kstore ls` shows it')", 1),
        ("raise E(hint='pass --release 1.37')", 1),
        ("raise E(f'see kstore get {key}, or --rev {number}')", 2),
        ("'''`kstore ls --rev 1` in a docstring'''\ndef f():\n    '''--rev'''", 0),
        ("x = 'a-b--c, kstore.db, kstore'", 0),
        ("etcd = ['--data-dir=d', '--quota-backend-bytes']; x = 'another kstore is here'", 0),
    ],
)
def test_what_counts(text: str, count: int) -> None:
    assert len(named_in(text)) == count
