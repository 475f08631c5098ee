"""
What the commands that ask about a store print of the demo store, reviewed and kept: piped, and on terminals.

After a change that is meant: `pytest tests/cli/test_inspect_output.py --snapshot-update`, and read the difference.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pexpect
import pytest
from syrupy.assertion import SnapshotAssertion

from kstore.cli.main import run
from kstore.source.location.demo import unpacked

COMMANDS = [
    ("analyze", "--top", "4"),
    ("analyze", "-o", "prometheus"),
    ("check", "--target-release", "1.37", "--keys", "2", "--only", "removed-version,other-version,object-stuck"),
    ("check", "--target-release", "1.33", "--keys", "1", "--severity", "error"),
    ("check", "--list"),
    ("crds",),
    ("history", "deployments/shop/frontend"),
    ("history", "configmaps/shop/maintenance-window"),
    ("history", "/registry/configmaps", "-o", "lines"),
    ("diff", "@280", "@", "-o", "lines"),
    ("diff", "deployments/shop/frontend", "deployments/shop/search"),
    ("restore", "configmaps/shop/maintenance-window", "--from-history", "-o", "yaml"),
]
TERMINAL = [COMMANDS[0], COMMANDS[2], COMMANDS[5], COMMANDS[6]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the demo store as `demo.db`, so that no path of this machine is printed."""
    shutil.copy(unpacked(), tmp_path / "demo.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.large
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_piped(
    here: Path, snapshot: SnapshotAssertion, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """Standard output and the exit code; no colour, no progress."""
    code = run(["--store", "demo.db", *arguments])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert {"code": code, "out": out} == snapshot


@pytest.mark.large
@pytest.mark.parametrize("columns", [80, 160])
@pytest.mark.parametrize("arguments", TERMINAL, ids=" ".join)
def test_on_a_terminal(here: Path, snapshot: SnapshotAssertion, arguments: tuple[str, ...], columns: int) -> None:
    """Colours, and tables no wider than the terminal."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "kstore", "--no-progress", "--store", "demo.db", *arguments],
        dimensions=(40, columns),
        encoding="utf-8",
        cwd=str(here),
        env={"TERM": "xterm-256color", "PATH": "/usr/bin:/bin", "HOME": str(here), "KSTORE_PAGER": "cat"},
        timeout=60,
    )
    text = child.read().replace("\r\n", "\n")
    child.close()
    assert text == snapshot
    if arguments[0] == "analyze":
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert max(map(len, plain.splitlines())) <= columns
