"""
Lines that are longer than a terminal is wide, broken between words.

What goes on stands below the last cell of its line, so that a table stays one; a command to paste is left whole, since
terminals copy what they broke themselves as one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kstore.view.styles import MARK, unmarked

_CELL = re.compile(r"  +(?=\S)")
_COMMAND = re.compile(r" *→ (?:kstore|kubectl|etcdctl|etcdutl) ")
"""A command that is advised."""
_NARROWEST = 20
"""Columns that a last cell must have for its rest to stand below it."""


def wrapped(pieces: Iterable[str], width: int) -> Iterator[str]:
    """
    Text that comes in pieces of any length, in whole lines none of which is wider than `width` where words allow it.

    Args:
        pieces: the text; kstore's own styles in it take no room.
        width: columns of the terminal.
    """
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece).split("\n")
        for line in lines:
            yield from (f"{one}\n" for one in _fitted(line, width))
    if rest:
        yield rest


def _fitted(line: str, width: int) -> Iterator[str]:
    visible, places = _visible(line)
    if len(visible) <= width or _COMMAND.match(visible):
        yield line
        return
    start, indent, written = 0, 0, 0
    hang = _hang(visible, width)
    while len(visible) - start + indent > width:
        begin = start + len(visible[start:]) - len(visible[start:].lstrip(" ")) + 1
        end = visible.rfind(" ", begin, start + width - indent + 1)
        end = end if end >= 0 else visible.find(" ", begin)  # a word that no line holds
        if end < 0:
            break
        yield " " * indent + line[written : places[end]].rstrip(" ")
        start = end + len(visible[end:]) - len(visible[end:].lstrip(" "))
        written = places[end] + start - end
        indent = hang
    yield " " * indent + line[written:]


def _hang(visible: str, width: int) -> int:
    """Where the rest of a line stands: below the last cell that has room for each word, or near its start."""
    cells = [match.end() for match in _CELL.finditer(visible) if match.end() <= width - _NARROWEST and match.start()]
    fitting = (cell for cell in reversed(cells) if max(map(len, visible[cell:].split())) <= width - cell)
    return next(fitting, len(visible) - len(visible.lstrip(" ")) + 2)


def _visible(line: str) -> tuple[str, list[int]]:
    """What of a line is seen, and where each character of it stands in the line; the place behind it, too."""
    first, *styled = line.split(MARK)
    visible, at = first, len(first)
    places = list(range(len(first)))
    for piece in styled:
        _, text = unmarked(piece)
        at += len(MARK) + len(piece) - len(text)
        places += range(at, at + len(text))
        visible += text
        at += len(text)
    return visible, [*places, len(line)]
