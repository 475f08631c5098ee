"""
docs/cli.md is what the commands' own help says today.
"""

from __future__ import annotations

from pathlib import Path

from tools.generate_cli_reference import reference

from kstore.cli.command_table import COMMANDS


def test_the_reference_is_up_to_date(repository: Path) -> None:
    """`make docs` would change nothing."""
    assert (repository / "docs" / "cli.md").read_text() == reference(), "run `make docs`"


def test_it_has_every_command() -> None:
    """Each command of the table has a heading of its own."""
    text = reference()
    assert all(f"### kstore {name}\n" in text for section in COMMANDS.values() for name in section)
