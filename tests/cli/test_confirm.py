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


@pytest.mark.parametrize(("stdin", "stderr"), [(True, False), (False, True), (False, False)])
def test_half_a_terminal(monkeypatch: pytest.MonkeyPatch, stdin: bool, stderr: bool) -> None:
    """Who cannot read the question, or cannot answer it, has agreed to nothing."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: stdin)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: stderr)
    monkeypatch.setattr("click.confirm", lambda question, err: True)
    with pytest.raises(WriteRefused, match="not a terminal"):
        confirm("Delete all?")


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("typed", "agreed"), [("\n", False), ("n\n", False), ("y\n", True), ("yes\n", True)])
def test_what_is_typed(monkeypatch: pytest.MonkeyPatch, typed: str, agreed: bool) -> None:
    """Only a yes is one; the key that is nearest is none."""
    answers = iter([typed.rstrip("\n")])
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: next(answers))
    if agreed:
        confirm("Delete all?")
        return
    with pytest.raises(WriteRefused, match="nothing was written"):
        confirm("Delete all?")
