"""
Every command that a text of kstore's own code names between backquotes, or that it builds, is one that kstore takes.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache

import click
import pytest
from tests.source_code import modules_with

from kstore.cli.main import cli
from kstore.cli.migration_options import DryRunCommand

QUOTED = re.compile(r"`(kstore [^`]*)`", re.S)
VALUE = "1"
"""What stands for a value that is only known when the text is shown: a word, a number, a file's name."""
BUILDERS = ("command_text", "kstore")
NAMING = re.compile(rf"`kstore |\b({'|'.join(BUILDERS)})\(")


def _text(node: ast.expr) -> str | None:
    """A literal or formatted text, its values replaced."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(one) if isinstance(one, ast.Constant) else VALUE for one in node.values)  # type: ignore[misc]
    return None


def _named(tree: ast.Module) -> Iterator[list[str]]:
    """The command lines in a module's texts, and those that it builds word by word."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILDERS:
            words = [_text(word) or VALUE for word in node.args if not isinstance(word, ast.Starred)]
            if node.func.id == "kstore" or words[:1] == ["kstore"]:
                yield words if node.func.id == "command_text" else ["kstore", *words]
        elif isinstance(node, ast.expr) and id(node) not in inner and (text := _text(node)):
            for command in QUOTED.findall(text):
                yield shlex.split(command.replace("…", ""))


@cache
def commands() -> list[tuple[str, ...]]:
    """Each that is named, behind the module that does."""
    return sorted(
        {(name, *words) for name, tree in modules_with(NAMING) for words in _named(tree) if words != ["kstore"]}
    )


def accept(words: list[str]) -> None:
    """
    Have click take a command line apart: each command and option must exist, and have the values that it needs.

    Raises:
        click.UsageError: one does not.
    """
    command: click.Command = cli
    context = click.Context(cli)
    while words[:1] and words[0].startswith("--"):  # which store stands in front of the command, with its value
        cli.make_parser(context).parse_args(words[:2])
        words = words[2:]
    while isinstance(command, click.Group):
        if not words:
            return  # a text names the group as a whole, or what goes before any command
        found = command.get_command(context, words[0]) if words else None
        if found is not None:
            words = words[1:]
        elif command is cli or (found := command.get_command(context, "run")) is None:
            raise click.UsageError(f"no command {words[:1]}")
        command, context = found, click.Context(found, parent=context)
    if isinstance(command, DryRunCommand):
        words = ["--dry-run=summary" if word == "--dry-run" else word for word in words]
    command.make_parser(context).parse_args(list(words))


def _refused(words: list[str]) -> str:
    """Why a command is not one that kstore takes; alternatives (`status|resume`) are taken one by one."""
    alternatives = max((word.split("|") for word in words), key=len)
    try:
        for one in alternatives if len(alternatives) > 1 else [""]:
            accept([one if "|" in word else word for word in words])
    except click.UsageError as error:
        return error.format_message()
    return ""


def test_named_commands_are_taken() -> None:
    """All of them, with their options and values."""
    assert {named: refused for named in commands() if (refused := _refused(list(named[2:])))} == {}


@pytest.mark.parametrize(
    "words", [["nonsense"], ["ls", "--nonsense"], ["migrate", "verify", "--to", "1"], ["get", "-o"]]
)
def test_others_are_not(words: list[str]) -> None:
    """What the test would find."""
    with pytest.raises(click.UsageError):
        accept(words)


def test_there_are_many() -> None:
    """The search finds texts and built commands, in the command line and in the checks."""
    folders = {name.partition("/")[0] for name, *_ in commands()}
    assert {"cli", "inspect"} <= folders
    assert len(commands()) > 60
