"""
What somebody types in an editor is never lost, and nothing is left of what is not wanted.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kstore.cli.draft import Draft, chosen_editor
from kstore.errors import UsageError


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are made in a directory of the test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.mark.parametrize(
    ("typed", "stays"),
    [(b"begun\n", False), (b"", False), (b" \n\n", False), (b"changed\n", True), (b"\xff\xfe", True)],
)
def test_what_is_left(typed: bytes, stays: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """What is new, even if it is no text, and the command that goes on with it; not what is empty or as it was."""
    with Draft("begun\n", ("kstore", "edit", "cm/a")) as draft:
        draft.path.write_bytes(typed)
    assert draft.path.exists() is stays
    assert (f"`kstore edit cm/a -f {draft.path}`" in capsys.readouterr().err) is stays


def test_what_was_written_is_removed(capsys: pytest.CaptureFixture[str]) -> None:
    """It is in the store."""
    with Draft("begun\n", ("kstore", "edit")) as draft:
        draft.path.write_text("changed\n")
        draft.done = True
    assert not draft.path.exists()
    assert capsys.readouterr().err == ""


def test_which_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    """kubectl's variable comes before those of everybody; without any of them a terminal is needed."""
    for name in ("KUBE_EDITOR", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(UsageError, match="no terminal"):
        chosen_editor()
    for name in ("EDITOR", "VISUAL", "KUBE_EDITOR"):
        monkeypatch.setenv(name, name.lower())
        assert chosen_editor() == name.lower()
