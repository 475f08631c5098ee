"""
The table of commands: each row is true, and to list them imports none of them.
"""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from tests.cli.conftest import Kstore

from kstore.cli.command_table import COMMANDS
from kstore.cli.main import cli

ROWS = {name: text for section in COMMANDS.values() for name, (_, text) in section.items()}
HEAVY = (
    "grpc",
    "etcd3",
    "google.protobuf",
    "rich",
    "cryptography",
    "kubernetes",
    "orjson",
    "yaml",
    "arro3",
    "pyarrow",
    "cel",
    "textual",
)


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_true(name: str, kstore: Kstore) -> None:
    """The command exists under its name, has a help with its options, and begins as its row says."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert ROWS[name].endswith(".")
    ran = kstore(name, "--help")
    assert ran.code == 0
    assert ran.text.startswith(f"Usage: kstore {name}")
    assert "--help" in ran.text
    assert command.help


@pytest.mark.parametrize("name", ROWS)
def test_every_option_is_explained(name: str) -> None:
    """No option of any command, or of a command below it, is without help."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    silent = [
        f"{path} {parameter.opts[0]}"
        for path, one in every(name, command)
        for parameter in one.params
        if isinstance(parameter, click.Option) and not parameter.help and not parameter.hidden
    ]
    assert silent == []


def every(path: str, command: click.Command) -> list[tuple[str, click.Command]]:
    """A command and those below it."""
    found = [(path, command)]
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            found += every(f"{path} {name}", one)
    return found


def test_help_lists_every_command(kstore: Kstore) -> None:
    """`kstore --help` names every command with its row, and the exit codes."""
    ran = kstore("--help")
    words = " ".join(ran.text.split())
    assert all(f"{name} {text}" in words for name, text in ROWS.items())
    assert "Exit codes" in ran.text


def test_help_imports_nothing_heavy() -> None:
    """`kstore --help` and completion do without any library but click."""
    program = (
        "import sys\nfrom kstore.cli.main import run\nrun(['--help'])\n"
        f"print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stderr.split() == []
