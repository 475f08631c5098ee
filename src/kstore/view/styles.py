"""
kstore's own colours and what else it tells a terminal, kept apart from what stored text would tell it.

A sequence of kstore's own bears a mark until it is written (`cli/streams.py`); the same sequence out of a name or a
value bears none, and is shown instead of obeyed.
"""

from __future__ import annotations

import os
from typing import Final

MARK: Final = f"\x1b{os.urandom(8).hex()}"
"""Stands in front of kstore's own sequences until they are written: drawn for each process, so that nobody knows it."""
_END: Final = "\x1b"
"""Ends a marked sequence; the sequence itself holds it only at its beginning."""

STYLES: Final = {
    "bold": "\x1b[1m", "red": "\x1b[31m", "green": "\x1b[32m", "yellow": "\x1b[33m", "blue": "\x1b[34m",
    "cyan": "\x1b[36m",
}  # fmt: skip
RESET: Final = "\x1b[0m"
ERASE_LINE: Final = "\r\x1b[K"


def own(sequence: str) -> str:
    """A sequence for the terminal, marked as kstore's own."""
    return f"{MARK}{len(sequence):x}{_END}{sequence}"


def unmarked(text: str) -> tuple[str, str]:
    """What follows `MARK` as the sequence itself and the rest of the text."""
    length, _, rest = text.partition(_END)
    return rest[: int(length, 16)], rest[int(length, 16) :]


def styled(text: str, style: str) -> str:
    """A text in a style (`bold`, `red`, …)."""
    return f"{own(STYLES[style])}{text}{own(RESET)}"
