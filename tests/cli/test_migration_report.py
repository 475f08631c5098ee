"""
What a migration says of its counts: what changes where the version stays, and one of something in the singular.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kstore.cli.main import run
from kstore.cli.migration_report import Shown
from kstore.migrate.journal import Journal
from kstore.migrate.journal_format import Note
from kstore.migrate.request import Request
from kstore.migrate.verify import State


@pytest.mark.parametrize(
    ("arguments", "row"),
    [
        (("serviceaccounts", "--to-release", "1.37", "--media-type", "json"), r"v1 +v1 \(json\)"),
        (("deployments", "--to", "apps/v1", "--media-type", "json"), r"apps/v1 +apps/v1 \(json\)"),
        (("deployments", "--to", "apps/v1"), r"apps/v1beta1 +apps/v1 +1 "),
    ],
)
def test_what_changes_where_the_version_stays(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], row: str):
    """`apps/v1` becoming `apps/v1` says what is written anew; a new version speaks for itself."""
    assert run(["--store", "demo", "migrate", *arguments, "--dry-run"]) in (0, 3)
    assert re.search(row, capsys.readouterr().out)


def test_one_is_singular(capsys: pytest.CaptureFixture[str]):
    """One change is no `1 changes`."""
    assert run(["--store", "demo", "migrate", "statefulsets", "--to", "apps/v1", "--dry-run"]) == 0
    assert "1 change, 1 unchanged" in capsys.readouterr().out


def test_what_is_skipped_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Each line of it is broken between words, and what goes on stands further in; elsewhere it is one line."""
    arguments = ["--store", "demo", "migrate", "--to-release", "1.37", "--dry-run"]
    run(arguments)
    whole = [line for line in capsys.readouterr().err.splitlines() if line.startswith("skipped ")]
    assert any(len(line) > 80 for line in whole)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    run(["--no-progress", "--color=never", *arguments])
    lines = capsys.readouterr().err.splitlines()
    begun = [at for at, line in enumerate(lines) if line.startswith("skipped ")]
    assert len(begun) == len(whole)
    rest = [line for line in lines[begun[0] : begun[-1] + 1] if not line.startswith("skipped ")]
    assert all(len(line) <= 80 or " " not in line.strip() for line in lines[begun[0] : begun[-1] + 1])
    assert rest
    assert all(line.startswith("  ") for line in rest)
    assert " ".join(line.strip() for line in lines[begun[0] : begun[-1]]) in " ".join(whole)


def test_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """On 80 columns, where the table is wider, the versions come last and are broken between words."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    run(["--store", "demo", "--color=never", "--no-pager", "migrate", "--to-release", "1.37", "--dry-run"])
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].split("   ") == ["CHANGES", "UNCHANGED", "SKIPPED", "BYTES", " KIND AND VERSIONS"]
    at = next(number for number, line in enumerate(lines) if "Role:" in line)
    assert lines[at].split() == ["1", "-5", "B", "Role:", "rbac.authorization.k8s.io/v1beta1"]
    assert lines[at + 1].split() == ["->", "v1"], "of the same group"
    assert any(line.endswith("Bird: demo.example.com/v1alpha1") for line in lines), "skipped: it becomes nothing"
    assert any(line.endswith("Database: example.com/v1 (defaults)") for line in lines), "in the same version"
    assert any(line.endswith("Deployment: apps/v1beta1 -> v1") for line in lines)


def test_figures_that_nothing_has(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Where nothing was skipped, a narrow terminal has no column for it."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    run(["--store", "demo", "--color=never", "--no-pager", "migrate", "--to", "apps/v1", "--dry-run"])
    assert capsys.readouterr().out.splitlines()[0].split() == ["CHANGES", "BYTES", "KIND", "AND", "VERSIONS"]


@pytest.mark.parametrize(
    ("last", "output", "said"),
    [
        ("", "", "it did not come to its end: `kstore migrate resume a.journal`"),
        ("", "new.db", "run the same command again, its input is as it was"),
        ("rollingBack", "", "its rollback did not come to its end: `kstore migrate rollback a.journal`"),
        ("finished", "", ""),
        ("rolledBack", "", ""),
    ],
)
def test_what_is_to_be_done_with_a_journal(
    last: str, output: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was interrupted goes on, in the direction in which it went; what has ended needs nothing."""
    header: dict[str, Any] = {"store": "demo", "output": output, **Request("1.37", to_release="1.37").header()}
    journal = cast(Journal, SimpleNamespace(path=Path("a.journal"), header=header))
    state = State(notes={last: "2026-01-01"} if last else {}, last=Note(last, {}) if last else None)
    Shown("table").state(journal, state)
    printed = capsys.readouterr()
    assert "target         1.37" in printed.out
    assert (said in printed.err) if said else printed.err == ""
