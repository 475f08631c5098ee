"""
What a running write tells whoever watches it, and how it is asked to stop.
"""

from __future__ import annotations

import threading
from typing import Protocol


class Progress(Protocol):
    """Told by the engine, from one thread at a time; the silent one does nothing."""

    def step(self, step: object) -> None:
        """An object was planned."""

    def written(self, objects: int) -> None:
        """So many objects were written."""

    def waiting(self, reason: str, seconds: float) -> None:
        """The store does not answer; the next attempt comes in so many seconds."""


class Silent:
    """Progress that nobody watches."""

    def step(self, step: object) -> None:
        """Say nothing."""

    def written(self, objects: int) -> None:
        """Say nothing."""

    def waiting(self, reason: str, seconds: float) -> None:
        """Say nothing."""


class Stop:
    """
    A request to stop, from a signal handler or another thread; the engine looks between two transactions.

    Args:
        event: stands for the request; None for one of its own.
    """

    def __init__(self, event: threading.Event | None = None) -> None:
        self._event = event or threading.Event()

    def ask(self) -> None:
        """Ask the engine to stop."""
        self._event.set()

    @property
    def asked(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, but not longer than until somebody asks; whether somebody did."""
        return self._event.wait(seconds)
