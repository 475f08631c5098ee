"""
Ctrl-C, for what may only end between two transactions.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from kstore.migrate.progress import Stop


@contextmanager
def stopping() -> Iterator[Stop]:
    """Ctrl-C asks the engine to stop between two transactions; a second one ends the process at once."""
    from kstore.migrate.progress import Stop

    stop = Stop()

    def ask(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        click.echo("kstore: stopping after the transactions that are on the way", err=True)
        stop.ask()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
