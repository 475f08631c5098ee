"""
Progress of what takes long: how many of how many, on a terminal's standard error alone, and out of the way of output.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
from contextlib import redirect_stderr
from pathlib import Path

import click
import pytest

from kstore.cli import standard_output
from kstore.cli.main import cli, run
from kstore.cli.standard_output import progressing
from kstore.cli.streams import EscapingStream
from kstore.source.location.demo import unpacked

ERASED = "\r\x1b[K"
LINE = re.compile(r"[\d,]+ of [\d,]+ [a-z ]+, [\d,]+/s, (?:\d+ min )?\d+ s left")


class Terminal(io.StringIO):
    """Standard error or output of somebody who looks."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error on a terminal, where progress is shown at once."""
    monkeypatch.setattr(standard_output, "_SILENT_FOR", 0)
    monkeypatch.setattr(standard_output, "_SELDOM", 0)
    return Terminal()


def run_on(terminal: Terminal, *arguments: str) -> int:
    """A command line whose standard error is a terminal; pytest puts its own in place before each test."""
    with redirect_stderr(terminal):
        return run(["--store", "demo", *arguments])


@pytest.mark.large
@pytest.mark.parametrize(
    "command",
    [
        ("analyze",),
        ("check",),
        ("ls",),
        ("export", "FOLDER/backup"),
        ("export", "FOLDER/secrets", "secrets", "configmaps", "pods", "serviceaccounts", "events"),
        ("report",),
        ("migrate", "--to-release", "1.37", "--dry-run"),
        ("prefixes",),
        ("diff", ".", "FOLDER/other.db"),
    ],
    ids=" ".join,
)
def test_commands_that_read_a_store(command: tuple[str, ...], terminal: Terminal, tmp_path: Path) -> None:
    """Each tells how many of how many; nothing is left of it at the end."""
    shutil.copy(unpacked(), tmp_path / "other.db")
    given = [word.replace("FOLDER", str(tmp_path)) for word in command]
    assert run_on(terminal, *given) in (0, 3, 5)
    shown = terminal.getvalue().split(ERASED)
    told = [piece for piece in shown if LINE.match(piece)]
    assert told, shown
    assert not LINE.search(shown[-1])


@pytest.mark.large
@pytest.mark.parametrize("option", ["-q", "--no-progress"])
def test_not_wanted(option: str, terminal: Terminal, tmp_path: Path) -> None:
    """Either option leaves it out."""
    assert run_on(terminal, "export", str(tmp_path / "backup"), option) == 0
    assert "\r" not in terminal.getvalue()


def test_not_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a file or a log there is none."""
    monkeypatch.setattr(standard_output, "_SILENT_FOR", 0)
    assert run(["--store", "demo", "export", str(tmp_path / "backup")]) == 0
    assert "\r" not in capsys.readouterr().err


def test_it_makes_room_for_output(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed on the same terminal begins on an empty line, and the progress comes again below."""
    monkeypatch.setattr(sys, "stdout", EscapingStream(terminal))
    monkeypatch.setattr(sys, "stderr", EscapingStream(terminal))
    with click.Context(cli):
        for number in progressing(range(100), "things", lambda: 100):
            if number in (40, 41, 90):
                sys.stdout.write(f"line {number}\n")
    lines = terminal.getvalue().split("\n")
    assert [line.rpartition(ERASED)[2] for line in lines] == ["line 40", "line 41", "line 90", ""]
    assert "things" in lines[2]


def test_steps_that_begin_anew(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a second step counts from 1 again, its rate is its own."""
    monkeypatch.setattr(sys, "stderr", EscapingStream(terminal))
    clock = iter([0.0, 100.0, 100.5, 101.5])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with click.Context(cli), standard_output.counting("records", lambda: 100) as tell:
        tell(100)
        tell(10)
        tell(30)
    assert terminal.getvalue().split(ERASED)[-2] == "30 of 100 records, 30/s, 2 s left"


def test_a_verification(terminal: Terminal, tmp_path: Path) -> None:
    """`migrate verify` tells how many keys of how many it has compared."""
    database = str(tmp_path / "new.db")
    assert run(["--store", "demo", "migrate", "--to", "apps/v1", "--yes", "--output", database, "-q"]) == 0
    assert run_on(terminal, "migrate", "verify", database) == 0
    told = [piece for piece in terminal.getvalue().split(ERASED) if LINE.match(piece)]
    assert any("objects verified" in piece and "264" in piece for piece in told), told
