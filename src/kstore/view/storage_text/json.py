"""
The members of a JSON value, each with the place where its value stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kstore.decode.json.slow_json import Items, Members, parse
from kstore.view.mask import hides, is_secret
from kstore.view.storage_text.line import Line, shown_text


def json_lines(value: bytes, *, key: bytes = b"", secrets: bool = False) -> Iterator[Line]:
    """
    Yield a line for every member and element.

    Raises:
        DecodeError: the text is not JSON.
    """
    found = parse(value)
    hide = is_secret(found.get("kind") if isinstance(found, dict) else "", key) and not secrets
    if isinstance(found, Members | Items):
        yield Line(0, len(value), 0, "{}" if isinstance(found, Members) else "[]", f"{len(found)} members")
    else:
        yield Line(0, len(value), 0, "", shown_text(found, hidden=hide))
    yield from _Walker(value, hide=hide).inner(found, 1, ())


class _Walker:
    """Walks one parsed text, whose places are counted in characters, and tells them in bytes."""

    def __init__(self, value: bytes, *, hide: bool) -> None:
        self.hide = hide
        self._plain = value.isascii()
        self._text = value.decode("utf-8", "surrogateescape")
        self._known = (0, 0)

    def inner(self, found: Any, depth: int, path: tuple[str, ...]) -> Iterator[Line]:
        """The members or elements of a container."""
        if isinstance(found, Members):
            places = [(name, found[name], *found.spans[name]) for name in found]
        elif isinstance(found, Items):
            places = [(f"[{index}]", one, *found.spans[index]) for index, one in enumerate(found)]
        else:
            return
        for name, one, start, end in places:
            begin = self._bytes(start)
            length = end - start if self._plain else len(self._text[start:end].encode("utf-8", "surrogateescape"))
            own = (*path, name)
            yield Line(begin, length, depth, name, self._value(one, own))
            yield from self.inner(one, depth + 1, own)

    def _value(self, one: Any, path: tuple[str, ...]) -> str:
        if isinstance(one, Members):
            return f"{{}} {len(one)} members"
        if isinstance(one, Items):
            return f"[] {len(one)} elements"
        return shown_text(one, hidden=self.hide and hides(path))

    def _bytes(self, position: int) -> int:
        """The byte at which a character stands; positions are asked for in ascending order."""
        if self._plain:
            return position
        known, offset = self._known
        if position < known:
            known = offset = 0
        offset += len(self._text[known:position].encode("utf-8", "surrogateescape"))
        self._known = (position, offset)
        return offset
