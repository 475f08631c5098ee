"""
The library does not name the command line's commands and options: a hint names Python, and `cli/hints.py` words it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import click
import pytest
from tests.source_code import modules_with

from kstore.catalog import server_flags
from kstore.cli.hints import COMMANDS, OPTIONS
from kstore.cli.main import cli


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


APISERVERS = frozenset(f"--{name}" for name in server_flags.NAMES)
"""Flags of a kube-apiserver, which a release is told of: the library names them as what they are there."""


@cache
def words() -> frozenset[str]:
    """All that the command line has to be named."""
    return frozenset(words_of(cli, click.Context(cli))) - APISERVERS


@cache
def named() -> re.Pattern[str]:
    """What names one of them in a text."""
    commands = "|".join(sorted(word for word in words() if word[0] != "-"))
    options = "|".join(sorted(word for word in words() if word.startswith("--") or word in ("-n", "-A", "-l")))
    return re.compile(rf"\bkstore ({commands})(?![a-z])|(?<![\w-])({options})(?![a-z-])")


TOLD_APART = ("cli", "inspect/checks")
"""
The command line itself; and the checks, whose advice is a command by its nature: a finding is tested by running it
(tests/inspect/findings), so the words stand beside what they mend.
"""
PARAMETER = re.compile(r"`(\w+)=")


def _texts(tree: ast.Module) -> list[str]:
    """The literals of a module but its docstrings."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def _naming(texts: list[str]) -> list[str]:
    """Those that name a command or an option."""
    return [one for one in texts if named().search(one)]


def library_with(pattern: str | re.Pattern[str]) -> Iterator[tuple[str, ast.Module]]:
    """Yield the library's modules in whose text something is found."""
    return ((name, tree) for name, tree in modules_with(pattern) if not name.startswith(TOLD_APART))


def test_the_library_names_no_command_and_no_option() -> None:
    """What helps is named as it is in Python, and `cli/hints.py` has what that is on the command line."""
    found = {name: _naming(_texts(tree)) for name, tree in library_with(named())}
    assert {name: texts for name, texts in found.items() if texts} == {}


def _parameters(tree: ast.Module) -> Iterator[str]:
    """Every name that something of a module can be given by: parameters of functions, fields of dataclasses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def test_a_hint_names_parameters_that_there_are() -> None:
    """Each has its option in the table of the command line, and each row of the table is a parameter of the library."""
    named = {found for _, tree in library_with(PARAMETER) for text in _texts(tree) for found in PARAMETER.findall(text)}
    assert named
    assert named <= OPTIONS.keys()
    unknown = {
        option
        for option in OPTIONS
        if not any(option in _parameters(tree) for _, tree in library_with(rf"\b{option}\s*:"))
    }
    assert unknown == set()


def test_a_row_names_an_option_that_there_is() -> None:
    """An option, and perhaps its value."""
    assert {name: option for name, option in OPTIONS.items() if option.split()[0] not in words()} == {}


@pytest.mark.parametrize("call", COMMANDS)
def test_a_call_that_helps_is_named(call: str) -> None:
    """The table has no row that nothing in the library names; its commands are tested in tests/cli."""
    quoted = f"`{call}`"
    assert any(quoted in text for _, tree in library_with(re.escape(quoted)) for text in _texts(tree))


@pytest.mark.large
def test_a_message_names_no_parameter() -> None:
    """A message is shown as it is, by whoever shows it: what to try is the hint's."""
    trees = [tree for _, tree in library_with(r"\bhint=")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    hinting = [node for node in calls if any(keyword.arg == "hint" for keyword in node.keywords)]
    assert [text for text in (ast.unparse(node.args[0]) for node in hinting) if PARAMETER.search(text)] == []
    assert hinting


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("raise E(hint='`kstore ls` shows it')", 1),
        ("raise E(hint='pass --release 1.37')", 1),
        ("raise E(hint='leave -n out, not kubectl -v')", 1),
        ("raise E('--emulated-version 1.2 is not known')", 0),
        ("raise E(f'see kstore get {key}, or --rev {number}')", 2),
        ("'''`kstore ls --rev 1` in a docstring'''\ndef f():\n    '''--rev'''", 0),
        ("x = 'a-b--c, kstore.db, kstore'", 0),
        ("etcd = ['--data-dir=d', '--quota-backend-bytes']; x = 'another kstore is here'", 0),
    ],
)
def test_what_counts(text: str, count: int) -> None:
    assert len(_naming(_texts(ast.parse(text)))) == count
