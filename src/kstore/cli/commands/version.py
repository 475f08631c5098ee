"""`kstore version`: which kstore this is."""

from __future__ import annotations

import click

import kstore
from kstore.cli.options import talk_options


@click.command()
@talk_options
def command() -> None:
    """Print the version of kstore."""
    click.echo(f"kstore {kstore.__version__}")
