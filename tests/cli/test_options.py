"""Options under their former names, and empty ones."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner
from tests.cli.conftest import Kstore

from kstore.cli.options import retry_timeout_option


@click.command()
@retry_timeout_option
def command(retry_seconds: float) -> None:
    click.echo(retry_seconds)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [([], "120.0"), (["--retry-timeout", "3"], "3.0"), (["--patience", "4.5"], "4.5"), (["--patience=0"], "0.0")],
)
def test_a_renamed_option_is_taken_under_both_names(arguments: list[str], expected: str) -> None:
    ran = CliRunner().invoke(command, arguments)
    assert (ran.exit_code, ran.output.strip()) == (0, expected)


def test_help_shows_the_name_of_today_only() -> None:
    shown = CliRunner().invoke(command, ["--help"]).output
    assert "--retry-timeout SECONDS" in shown
    assert "--patience" not in shown


def test_a_former_name_is_checked_alike() -> None:
    ran = CliRunner().invoke(command, ["--patience", "-1"])
    assert ran.exit_code == 2
    assert "-1" in ran.output


@pytest.mark.parametrize("option", ["-n", "-l", "--field-selector", "--where", "--etcd-prefix", "--release"])
def test_an_empty_option(demo: Kstore, option: str) -> None:
    """As a shell makes of a variable that is not set: it is never taken for one that was not given."""
    ran = demo("get", "pods", option, "")
    assert (ran.code, ran.out) == (2, b"")
    assert "is empty: leave it out" in ran.err
