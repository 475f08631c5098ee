"""
One line of the page: where something is, what it is called, and what it says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from kstore.view.mask import MASK

HEADER: Final = " OFFSET  LENGTH  FIELD\n"
_LONGEST: Final = 96
"""Characters of a value that are shown; how long it is says the line's length."""


@dataclass(frozen=True, slots=True)
class Line:
    """A part of the value."""

    offset: int
    length: int
    """In bytes; with the tag and length of a protobuf field, without the name of a JSON member."""
    depth: int
    name: str
    value: str = ""

    def __str__(self) -> str:
        return (
            f"{self.offset:>7} {self.length:>7}  {'  ' * self.depth}{self.name}{' ' * bool(self.value)}{self.value}\n"
        )


def shown_text(value: Any, *, hidden: bool = False) -> str:
    """A text, number or constant as JSON; a long one cut."""
    if hidden:
        return MASK
    return _cut(json.dumps(value, ensure_ascii=False))


def shown_bytes(value: bytes, *, hidden: bool = False) -> str:
    """Bytes in hex; many cut."""
    if hidden:
        return MASK
    return value.hex(" ") if len(value) <= _LONGEST // 3 else f"{value[: _LONGEST // 3].hex(' ')} …"


def shown_raw(text: bytes) -> str:
    """JSON text that is within another value, cut where it is long."""
    return _cut(text.decode("utf-8", "replace"))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
