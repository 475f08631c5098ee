"""
What standard output is: a terminal with a width and colours, or a pipe that takes plain text.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kstore.cli.color import wants_color
from kstore.cli.settings import settings
from kstore.view.styles import BEGINNING_OF_LINE, ERASE_LINE, own

if TYPE_CHECKING:
    from kstore.view.bar_table import Terminal

_PIPED_WIDTH = 120


def terminal() -> Terminal:
    """What standard output can show."""
    from kstore.view.bar_table import Terminal

    is_terminal = sys.stdout.isatty()
    color = wants_color(sys.stdout, settings().color)
    width = shutil.get_terminal_size((_PIPED_WIDTH, 24)).columns if is_terminal else _PIPED_WIDTH
    return Terminal(width, color)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """
    A counter on standard error that is told how many there have been, and goes away at the end.

    Only on a terminal, and not with --no-progress.
    """
    if not settings().progress or settings().quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    shown = False

    def tell(count: int) -> None:
        nonlocal shown
        shown = True
        sys.stderr.write(f"{own(BEGINNING_OF_LINE)}{count:,} {what}")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write(own(ERASE_LINE))
            sys.stderr.flush()
