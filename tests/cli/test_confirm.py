"""Nothing is written that nobody agreed to."""

from __future__ import annotations

import sys

import pytest

from kstore.cli.confirm import confirm, require_terminal
from kstore.errors import WriteRefused


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is there."""
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)


def answering(monkeypatch: pytest.MonkeyPatch, answer: bool) -> list[str]:
    asked: list[str] = []
    monkeypatch.setattr("click.confirm", lambda question, err: asked.append(question) or answer)
    return asked


def test_off_a_terminal() -> None:
    """A pipe cannot agree; the error says how to do it beforehand."""
    with pytest.raises(WriteRefused) as refused:
        confirm("Delete all?")
    assert "--yes" in refused.value.hint
    with pytest.raises(WriteRefused) as refused:
        require_terminal("--force")
    assert refused.value.hint == "--force"


def test_agreed_to_beforehand() -> None:
    confirm("Delete all?", yes=True)


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    require_terminal()
    asked = answering(monkeypatch, True)
    confirm("Delete all?")
    assert asked == ["Delete all?"]
    answering(monkeypatch, False)
    with pytest.raises(WriteRefused, match="nothing was written"):
        confirm("Delete all?")
