"""
Whether colours are wanted.
"""

from __future__ import annotations

from io import StringIO

import pytest

from kstore.cli.color import asked_for, wants_color


class Terminal(StringIO):
    """Somebody looks at it."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment says nothing."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize(
    ("variables", "seen", "piped"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "false"}, True, False),
        ({"FORCE_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_what_the_environment_says(
    variables: dict[str, str], seen: bool, piped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty variables say nothing, and the one that forbids comes first; an option comes before all of them."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (wants_color(Terminal()), wants_color(StringIO())) == (seen, piped)
    assert (wants_color(Terminal(), "never"), wants_color(StringIO(), "always")) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "when"),
    [
        ([], "auto"),
        (["ls", "--color"], "auto"),
        (["--color=always", "ls"], "always"),
        (["--color", "never", "ls"], "never"),
        (["--color=always", "--no-color"], "never"),
    ],
)
def test_what_a_command_line_says(arguments: list[str], when: str) -> None:
    """As one word or two, even where the rest is not understood."""
    assert asked_for(arguments) == when
