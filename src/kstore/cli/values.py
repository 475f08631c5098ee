"""
Stored bytes as `encode` and `convert` print them.

Knows that bytes would harm a terminal; what is in them it does not know.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from kstore.errors import UsageError

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def value_output_option(function: Decorated) -> Decorated:
    """`-o raw`, `base64` or `hex`."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["raw", "base64", "hex"]),
        help="The bytes, or one line of base64 or hex; default: raw, on a terminal base64.",
    )(function)


def write_values(values: Sequence[bytes], output: str | None) -> None:
    """
    Print stored bytes.

    Args:
        values: at least one; several only as text, a line each.
        output: the word of `-o`; None decides by whether standard output is a terminal.

    Raises:
        UsageError: several values, and nothing that would tell them apart.
    """
    form = output or ("base64" if sys.stdout.isatty() else "raw")
    if form != "raw":
        for value in values:
            click.echo(value.hex() if form == "hex" else b64encode(value).decode())
        return
    if len(values) > 1:
        raise UsageError(f"{len(values)} values would run into each other", hint="-o base64 prints a line for each")
    sys.stdout.flush()
    sys.stdout.buffer.write(values[0])
    sys.stdout.buffer.flush()
