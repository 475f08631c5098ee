"""
What standard output is: a terminal with a width and colours, or a pipe that takes plain text.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from kstore.cli.color import wants_color
from kstore.cli.settings import settings
from kstore.cli.streams import EscapingStream
from kstore.view.styles import ERASE_LINE, own

if TYPE_CHECKING:
    from kstore.view.bar_table import Terminal

T = TypeVar("T")
_PIPED_WIDTH = 120


def terminal() -> Terminal:
    """What standard output can show."""
    from kstore.view.bar_table import Terminal

    is_terminal = sys.stdout.isatty()
    color = wants_color(sys.stdout, settings().color)
    width = _width(_PIPED_WIDTH) if is_terminal else _PIPED_WIDTH
    return Terminal(width, color)


def show(pieces: Iterable[str]) -> None:
    """Write text for people: on a terminal no word is broken at its right edge."""
    from kstore.cli.listing import write
    from kstore.view.wrapping import wrapped

    write(wrapped(pieces, terminal().width) if sys.stdout.isatty() else pieces)


def say(line: str) -> None:
    """A line on standard error: on a terminal it is broken between words, and its rest stands further in."""
    from kstore.view.wrapping import wrapped

    text = f"{line}\n"
    if sys.stderr.isatty():
        text = "".join(wrapped([text], _width(_columns_of_errors())))
    click.echo(text, err=True, nl=False)


def _width(otherwise: int) -> int:
    """How many columns standard output has, if it is a terminal."""
    import shutil

    return shutil.get_terminal_size((otherwise, 24)).columns


def _columns_of_errors() -> int:
    """How wide standard error is, where standard output is no terminal."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return _PIPED_WIDTH


_SELDOM = 0x1F
"""How often a count is told, as a mask: to look at the clock takes longer than to count."""
_SILENT_FOR = 1.0
"""Seconds in which nothing is shown: what is done by then needs no progress."""


@contextmanager
def counting(what: str, total: Callable[[], int] | None = None) -> Iterator[Callable[[int], None]]:
    """
    A line on standard error that is told how many there have been, and goes away at the end: how many of how many, how
    many a second, and the time that is left.

    Only on a terminal, after a second, and not with --no-progress or --quiet.

    Args:
        what: what is counted.
        total: asked, when the line is first shown, how many there will be.
    """
    if not settings().progress or settings().quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    line = _Line(what, total)
    try:
        yield line.tell
    finally:
        line.erase()


def progressing(pieces: Iterable[T], what: str, total: Callable[[], int] | None = None) -> Iterator[T]:
    """
    The same things, counted as they pass by; see `counting`.

    Args:
        pieces: what is counted.
        what: their name.
        total: asked, when the line is first shown, how many there will be.
    """
    with counting(what, total) as tell:
        for number, piece in enumerate(pieces, 1):
            yield piece
            if not number & _SELDOM:
                tell(number)


class _Line:
    def __init__(self, what: str, total: Callable[[], int] | None) -> None:
        self._what = what
        self._ask = total
        self._total: int | None = None
        self._begun = self._step = time.monotonic()
        self._last = 0
        self._shown = False

    def tell(self, count: int) -> None:
        """So many by now."""
        now = time.monotonic()
        if count < self._last:  # what is counted has begun anew
            self._step = now
        self._last = count
        if now - self._begun < _SILENT_FOR:
            return
        if isinstance(sys.stderr, EscapingStream) and sys.stderr.is_redirected:
            return  # a pager has the terminal
        if self._ask is not None:
            self._total, self._ask = self._ask(), None
        self._shown = True
        if isinstance(sys.stdout, EscapingStream) and sys.stdout.isatty():
            sys.stdout.before_next(self.erase)
        sys.stderr.write(f"{own(ERASE_LINE)}{progress_text(count, self._total, now - self._step, self._what)}")
        sys.stderr.flush()

    def erase(self) -> None:
        """Leave nothing behind."""
        if self._shown:
            sys.stderr.write(own(ERASE_LINE))
            sys.stderr.flush()
        self._shown = False


def progress_text(count: int, total: int | None, seconds: float, what: str) -> str:
    """`1,200 of 20,000 keys compared, 400/s, 47 s left`."""
    rate = count / max(seconds, 0.001)
    known = total is not None and total >= count
    text = f"{count:,}{f' of {total:,}' if known else ''} {what}, {rate:,.0f}/s"
    if not known or total is None or not rate:
        return text
    left = round((total - count) / rate)
    return f"{text}, {left // 60} min {left % 60} s left" if left >= 60 else f"{text}, {left} s left"
