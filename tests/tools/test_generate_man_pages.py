"""Manual pages: one for each command, which a formatter takes without a warning and shows whole."""

from __future__ import annotations

import re
import shutil
import subprocess

import click
import pytest
from tools.generate_man_pages import escaped, pages

from kstore.cli.command_table import COMMANDS
from kstore.cli.main import cli


def test_every_command_has_one() -> None:
    """With all of its own options, by every name."""
    found = dict(pages())
    names = [name for section in COMMANDS.values() for name in section]
    assert set(found) == {"kstore", *(f"kstore-{name}" for name in names)}
    get = cli.get_command(click.Context(cli), "get")
    assert get is not None
    for option in ("-o", "--output", "--watch", "--ignore-not-found"):
        assert escaped(option) in found["kstore-get"]
    assert escaped("--store") in found["kstore"]
    assert "EXIT STATUS" in found["kstore-check"]


def test_a_formatter_takes_them() -> None:
    """No warning, and no line of the text is taken for a request."""
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    for name in ("kstore", "kstore-get", "kstore-migrate", "kstore-ls"):
        text = dict(pages())[name]
        ran = subprocess.run(
            ["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-P-cbou"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stderr == "", name
        assert "SYNOPSIS" in ran.stdout
        assert "interrupted" in ran.stdout
        shown = re.sub(r"\s+", " ", ran.stdout)
        if name == "kstore-get":
            assert "kstore get pods/default/webserver" in shown


def test_escapes() -> None:
    """Nothing at the beginning of a line is a request, and dashes are to be copied."""
    assert escaped(".SH x\n'y \\n -o") == "\\&.SH x\n\\&\\(aqy \\en \\-o"
