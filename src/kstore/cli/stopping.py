"""
Ctrl-C and its like, for what may only end between two transactions.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kstore.write.progress import Stop

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Ctrl-C, the end of a service or container, and of the terminal."""


@contextmanager
def stopping() -> Iterator[Stop]:
    """A signal asks the engine to stop between two transactions; a second one ends the process at once."""
    from kstore.write.progress import Stop

    stop = Stop()
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    # what is ignored, under nohup for one, stays so
    before = {number: found for number, found in handlers.items() if found not in (None, signal.SIG_IGN)}

    def ask(number: int, frame: object) -> None:
        _handle(before)
        stop.ask()
        with suppress(OSError):  # the terminal may be what has gone
            click.echo("kstore: stopping after the transactions that are on the way", err=True)

    _handle(dict.fromkeys(before, ask))
    try:
        yield stop
    finally:
        _handle(before)


def _handle(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
