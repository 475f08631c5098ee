"""How far a store has been fetched or unpacked, on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

_EVERY = 128 << 20
"""Bytes between two lines: small files say nothing."""
_EVERY_FETCHED = 32 << 20


def show_unpacking() -> Callable[[int], None] | None:
    """What says how many bytes have been unpacked; None where nobody looks."""
    if not sys.stderr.isatty():
        return None
    done = 0

    def show(size: int) -> None:
        nonlocal done
        before, done = done, done + size
        if done // _EVERY > before // _EVERY:
            click.echo(f"kstore: {done >> 20} MiB unpacked", err=True)

    return show


def show_fetching() -> Callable[[int, int], None] | None:
    """What says how many bytes have been fetched; None where nobody looks."""
    if not sys.stderr.isatty():
        return None
    done = 0

    def show(size: int, total: int) -> None:
        nonlocal done
        before, done = done, done + size
        if done // _EVERY_FETCHED > before // _EVERY_FETCHED:
            of_all = f" of {total >> 20}" if total else ""
            click.echo(f"kstore: {done >> 20}{of_all} MiB fetched", err=True)

    return show
