"""
What a migration says of its counts: what changes where the version stays, and one of something in the singular.
"""

from __future__ import annotations

import re

import pytest

from kstore.cli.main import run


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
