"""
Differences of objects for people: a line a field, secrets masked, long values cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from kstore.decode.raw_json import plain
from kstore.differences import ADDED, REMOVED, Difference
from kstore.view.bar_table import Terminal
from kstore.view.mask import LAST_APPLIED, MASK

_LONGEST = 120
_CONTEXT = 20
_SECRET_FIELDS = ("data", "stringData", "$unknownFields")


def difference_lines(differences: Iterable[Difference], terminal: Terminal, *, secret: bool = False) -> Iterator[str]:
    """
    Yield a line a difference, indented by two.

    Args:
        differences: of one object.
        terminal: for its colours.
        secret: the object is a Secret whose values are not to be shown; that they differ is.
    """
    for one in differences:
        old, new = ((_hidden(one.path, value) if secret else value) for value in (one.old, one.new))
        if one.kind == ADDED:
            yield terminal.styled(f"  + {one.path}: {_short(new)}", "green") + "\n"
        elif one.kind == REMOVED:
            yield terminal.styled(f"  - {one.path}: {_short(old)}", "red") + "\n"
        else:
            left, right = _where_they_part(old, new)
            yield f"{terminal.styled(f'  ~ {one.path}:', 'yellow')} {left} → {right}\n"


def _where_they_part(old: Any, new: Any) -> tuple[str, str]:
    """Two values, cut; of long texts the part where they differ."""
    if isinstance(old, str) and isinstance(new, str) and min(len(old), len(new)) > _LONGEST // 2:
        common = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        if common > _CONTEXT:
            left, right = (_short(text[common - _CONTEXT : common + _LONGEST // 2]) for text in (old, new))
            return f"…{left}", f"…{right}"
    return _short(old), _short(new)


def _hidden(path: str, value: Any) -> Any:
    """A value of a Secret without what is secret in it."""
    top = path.partition(".")[0].partition("[")[0]
    if top in _SECRET_FIELDS:
        return dict.fromkeys(value, MASK) if path == top and isinstance(value, dict) else value and MASK
    if LAST_APPLIED in path:
        return value and MASK
    if path == "metadata.annotations" and isinstance(value, dict) and LAST_APPLIED in value:
        return {**value, LAST_APPLIED: MASK}
    return value


def _short(value: Any) -> str:
    text = json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
