"""
Differences of objects for people: a line a field, secrets masked, long values cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from kstore.decode.json.raw_json import plain
from kstore.differences import ADDED, REMOVED, Difference
from kstore.view.bar_table import Terminal
from kstore.view.mask import LAST_APPLIED, MASK, masked_member

_LEAST = 30
"""However narrow the terminal is, so much of a value is shown."""
_CONTEXT = 10
"""Of what two long texts have in common, so much is shown before the place where they part."""
_NAMES = re.compile(r"\[[^\]]*\]|[^.\[]+")
"""The names in a field path."""


def difference_lines(differences: Iterable[Difference], terminal: Terminal, *, secret: bool = False) -> Iterator[str]:
    """
    Yield a line a difference, indented by two.

    Args:
        differences: of one object.
        terminal: for its colours.
        secret: the object is a Secret whose values are not to be shown; that they differ is.
    """
    for one in differences:
        room = max(terminal.width - len(one.path) - 7, _LEAST)
        shown = masked_difference(one) if secret else one
        old, new = shown.old, shown.new
        if one.kind == ADDED:
            yield terminal.styled(f"  + {one.path}: {_short(new, room)}", "green") + "\n"
        elif one.kind == REMOVED:
            yield terminal.styled(f"  - {one.path}: {_short(old, room)}", "red") + "\n"
        else:
            left, right = _where_they_part(old, new, room)
            yield f"{terminal.styled(f'  ~ {one.path}:', 'yellow')} {left} → {right}\n"


def _where_they_part(old: Any, new: Any, room: int) -> tuple[str, str]:
    """Two values, cut to share the room; of long texts the part where they differ."""
    each = max(room // 2, _LEAST)
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > each:
        common = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        if common > _CONTEXT:
            left, right = (_short(text[common - _CONTEXT :], each - 1) for text in (old, new))
            return f"…{left}", f"…{right}"
    return _short(old, each), _short(new, each)


def masked_difference(one: Difference) -> Difference:
    """The difference of a Secret without what is secret in it; that the values differ is told."""
    return replace(one, old=_hidden(one.path, one.old), new=_hidden(one.path, one.new))


def _hidden(path: str, value: Any) -> Any:
    """A value of a Secret without what is secret in it."""
    if LAST_APPLIED in path:
        return value and MASK
    return value and masked_member(tuple(name.strip("[]") for name in _NAMES.findall(path)), value)


def _short(value: Any, room: int) -> str:
    text = json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= room else f"{text[: room - 1]}…"
