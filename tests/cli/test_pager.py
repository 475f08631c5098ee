"""
The pager of what is longer than the screen: when there is one, which, and what becomes of codes and interrupts.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from tests.cli.conftest import Kstore

from kstore.cli.pager import _pager_of_command, chosen_pager

if sys.platform == "win32":
    pytest.skip("there are no pseudo terminals", allow_module_level=True)
import pexpect

MARK = "sed s/^/paged:/"
LONG = ("get", "deploy/shop/cart")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def on_terminal(*arguments: str, lines: int = 24, **variables: Any) -> tuple[int, str]:
    """A command line on a terminal with so many lines: its exit code, and what it showed."""
    child = pexpect.spawn(
        sys.executable, ["-m", "kstore", "--store", "demo", "--no-progress", *arguments], encoding="utf-8", timeout=120,
        dimensions=(lines, 80), env={**environment(), "TERM": "xterm", **variables},
    )  # fmt: skip
    shown = child.read()
    child.close()
    return child.exitstatus, _ESCAPES.sub("", shown)


def environment() -> dict[str, str]:
    """The process's own, without a pager of the machine, and without the size that readline leaves in a worker's."""
    return {
        name: value for name, value in os.environ.items() if name not in ("KSTORE_PAGER", "PAGER", "LINES", "COLUMNS")
    }


@pytest.mark.large
def test_what_is_longer_than_the_screen() -> None:
    """Every line goes through it, in order; what fits is printed, and so is what nobody pages."""
    code, shown = on_terminal(*LONG, KSTORE_PAGER=MARK)
    plain = on_terminal(*LONG, lines=200, KSTORE_PAGER=MARK)
    assert (code, plain[0]) == (0, 0)
    assert "paged:" not in plain[1]
    assert shown == "".join(f"paged:{line}\n" for line in plain[1].splitlines())
    assert "paged:" not in on_terminal("completion", "bash", KSTORE_PAGER=MARK)[1]


@pytest.mark.large
def test_which_pager() -> None:
    """kstore's own variable before the common one; the option and `cat` turn it off."""
    assert "paged:" in on_terminal(*LONG, PAGER=MARK)[1]
    assert "paged:" in on_terminal(*LONG, KSTORE_PAGER=MARK, PAGER="cat")[1]
    for off in ({"KSTORE_PAGER": "", "PAGER": MARK}, {"KSTORE_PAGER": "cat", "PAGER": MARK}):
        assert "paged:" not in on_terminal(*LONG, **off)[1]  # type: ignore[arg-type]
    assert "paged:" not in on_terminal("--no-pager", *LONG, KSTORE_PAGER=MARK)[1]
    assert "paged:" not in on_terminal(*LONG, "--no-pager", KSTORE_PAGER=MARK)[1]
    assert "paged:" not in on_terminal(*LONG, KSTORE_PAGER=MARK, TERM="dumb")[1]


@pytest.mark.large
def test_the_exit_code_is_the_commands() -> None:
    """What check found, it has found; a pager that is left early is as a pipe that breaks."""
    assert on_terminal("check", lines=5, KSTORE_PAGER=MARK)[0] == 5
    code, shown = on_terminal("ls", "/", "-o", "yaml", lines=5, KSTORE_PAGER="head -n 2")
    assert (code, len(shown.splitlines())) == (141, 2)


def test_what_is_said_beside_the_output_goes_through_it_too() -> None:
    """Else it would be written across the pager's screen; in its place among the rest."""
    code, shown = on_terminal("get", "deploy/shop/cart", "deploy/shop/none", lines=5, KSTORE_PAGER=MARK)
    assert code == 1
    assert "paged:kstore: nothing is stored at /registry/deployments/shop/none" in shown.splitlines()


def test_never_in_a_pipe(demo: Kstore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor in a file."""
    monkeypatch.setenv("KSTORE_PAGER", MARK)
    assert "paged:" not in demo(*LONG).text


def test_programs_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Then there is no pager; variables in front of a program are the shell's."""
    monkeypatch.delenv("PAGER", raising=False)
    for value, expected in (
        ("no-such-pager -x", ""),
        (f"{sys.executable} -u", f"{sys.executable} -u"),
        ("LESS=R less", "LESS=R less"),
        ("  ", ""),
    ):
        monkeypatch.setenv("KSTORE_PAGER", value)
        assert chosen_pager() == expected
    monkeypatch.setenv("PAGER", sys.executable)
    monkeypatch.setenv("KSTORE_PAGER", "")
    assert chosen_pager() == ""  # an empty variable of kstore's own turns the pager off
    monkeypatch.delenv("KSTORE_PAGER")
    assert chosen_pager() == sys.executable
    monkeypatch.delenv("PAGER")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chosen_pager() == ""


@pytest.mark.parametrize(
    ("command", "parameters", "is_paged"),
    [
        ("get", {}, True),
        ("get", {"watch": False, "watch_only": False}, True),
        ("get", {"watch": True}, False),
        ("get", {"watch_only": True}, False),
        ("migrate", {}, False),
    ],
)
def test_which_commands_are_paged(
    command: str, parameters: dict[str, bool], is_paged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that end, and are read from their beginning; none on a terminal that cannot do anything."""
    monkeypatch.setenv("KSTORE_PAGER", sys.executable)
    monkeypatch.setenv("TERM", "xterm")
    root = click.Context(click.Command("kstore"), info_name="kstore")
    with click.Context(click.Command(command), parent=root, info_name=command) as ctx:
        ctx.params = dict(parameters)
        assert _pager_of_command() == (sys.executable if is_paged else "")
        monkeypatch.setenv("TERM", "dumb")
        assert _pager_of_command() == ""


@pytest.mark.parametrize("option", ["-w", "--watch-only"])
def test_what_never_ends(option: str) -> None:
    """A table that is followed goes to the terminal; the demo store, which stands still, says that it does."""
    assert "paged:" not in on_terminal("get", "pods", option, lines=3, KSTORE_PAGER=MARK)[1]
