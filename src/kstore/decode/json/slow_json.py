"""
A JSON parser that forgets nothing: where each member stood in the text, how numbers were spelled, what came twice.

Only texts that Go would not have written need it (white space, escapes, odd numbers); `go_json.loads` decides. It takes
what Go's scanner takes (`encoding/json/scanner.go`, of which `sigs.k8s.io/json` is a copy): names that come twice,
bytes that are no UTF-8 (each becomes U+FFFD), and 10,000 levels of nesting, without recursion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # the standard library's C scanner
from typing import Any, NamedTuple

from kstore.decode.json.number import Number
from kstore.decode.json.raw_json import FOLLOWED, RawJSON
from kstore.errors import DecodeError

DEEPEST = 10_000
"""Levels of nesting that Go reads (`maxNestingDepth`)."""
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.A)
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_INTEGER = 20
"""Characters of the longest number that fits 64 bits."""
_CONSTANTS = {"true": True, "false": False, "null": None}


class Earlier(NamedTuple):
    """A member whose name comes again in the same object."""

    name: str
    value: Any
    span: tuple[int, int]


class Members(dict[str, Any]):
    """A JSON object that knows the text of its members; of equal names it holds the last, as Go's maps do."""

    __slots__ = ("earlier", "spans", "text")
    text: str
    spans: dict[str, tuple[int, int]]
    earlier: list[Earlier]
    """The members whose names came again, in their order."""

    def source(self, key: str) -> bytes:
        """The bytes of the member's value, as they stood."""
        start, end = self.spans[key]
        return as_bytes(self.text[start:end])

    def occurrences(self) -> Iterator[tuple[str, Any, tuple[int, int]]]:
        """Yield every member, those whose names come again before the last of their name, with its span."""
        yield from self.earlier
        yield from ((name, value, self.spans[name]) for name, value in self.items())


class Items(list[Any]):
    """A JSON array that knows the text of its elements."""

    __slots__ = ("spans", "text")
    text: str
    spans: list[tuple[int, int]]

    def source(self, index: int) -> bytes:
        """The bytes of the element, as they stood."""
        start, end = self.spans[index]
        return as_bytes(self.text[start:end])


def as_bytes(text: str) -> bytes:
    """A part of a parsed text as it stood: bytes that are no UTF-8 are in it as lone surrogates."""
    return text.encode("utf-8", "surrogateescape")


def parse(data: bytes, followed: int = FOLLOWED) -> Any:
    """
    Read one JSON value.

    Args:
        data: the text.
        followed: the levels of nesting that become objects and arrays; what is nested deeper stays `RawJSON`.

    Raises:
        DecodeError: text that Go refuses; with the byte offset.
    """
    return _Parser(data.decode("utf-8", "surrogateescape"), followed).document()


def repeated_name(value: Any) -> str | None:
    """A name that comes twice in one object of a parsed value; None where none does."""
    if isinstance(value, Members) and value.earlier:
        return value.earlier[0].name
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for one in inner if (found := repeated_name(one)) is not None), None)


class _Open(NamedTuple):
    """A container whose end has not been read."""

    container: Members | Items
    start: int
    name: str
    """Of the member whose value is read next; an array has none."""


class _Parser:
    """One pass over a text, which keeps the containers that are open on a list of its own."""

    def __init__(self, text: str, followed: int) -> None:
        self.text = text
        self.followed = followed

    def skip(self, position: int) -> int:
        match = _SPACE.match(self.text, position)
        return match.end() if match else position

    def broken(self, message: str, position: int) -> DecodeError:
        return DecodeError(f"the JSON text is broken: {message}", offset=len(as_bytes(self.text[:position])))

    def document(self) -> Any:
        position = self.skip(0)
        opened: list[_Open] = []
        while True:
            start = position
            if self.text[position : position + 1] in ("{", "["):
                if len(opened) == DEEPEST:
                    raise self.broken(f"it is nested deeper than {DEEPEST:,} levels", position)
                container = self.container(position)
                position = self.skip(position + 1)
                if not self.closes(container, position):
                    name, position = self.begin(container, position)
                    opened.append(_Open(container, start, name))
                    continue
                value, position = self.closed(container, start, position + 1, len(opened)), position + 1
            else:
                value, position = self.scalar(position)
            while opened:
                container, begun, name = opened.pop()
                _add(container, name, value, (start, position))
                end, position = position, self.skip(position)
                if self.text[position : position + 1] == ",":
                    name, position = self.begin(container, self.skip(position + 1))
                    opened.append(_Open(container, begun, name))
                    break
                if not self.closes(container, position):
                    kind = "brace" if isinstance(container, dict) else "bracket"
                    raise self.broken(f"a comma or {kind} is missing", end)
                position += 1
                value, start = self.closed(container, begun, position, len(opened)), begun
            else:
                if self.skip(position) != len(self.text):
                    raise self.broken("something follows the value", self.skip(position))
                return value

    def container(self, position: int) -> Members | Items:
        """An empty object or array, as the character says."""
        if self.text[position] == "[":
            items = Items()
            items.text, items.spans = self.text, []
            return items
        members = Members()
        members.text, members.spans, members.earlier = self.text, {}, []
        return members

    def closes(self, container: Members | Items, position: int) -> bool:
        return self.text[position : position + 1] == ("}" if isinstance(container, dict) else "]")

    def begin(self, container: Members | Items, position: int) -> tuple[str, int]:
        """What stands before the next value of a container: of an object, its name. Returns where the value begins."""
        if not isinstance(container, dict):
            return "", position
        if self.text[position : position + 1] != '"':
            raise self.broken("a member's name is missing", position)
        name, end = self.string(position)
        position = self.skip(end)
        if self.text[position : position + 1] != ":":
            raise self.broken("a colon is missing", position)
        return name, self.skip(position + 1)

    def closed(self, container: Members | Items, start: int, end: int, level: int) -> Any:
        """A container that has been read; its text, where it is nested deeper than is followed."""
        if level < self.followed:
            return container
        # the ones within are part of its text
        return RawJSON(as_bytes(self.text[start:end]), nested=True) if level == self.followed else None

    def scalar(self, position: int) -> tuple[Any, int]:
        first = self.text[position : position + 1]
        if first == '"':
            return self.string(position)
        match = _NUMBER.match(self.text, position)
        if match:
            return _number(match), match.end()
        for word, constant in _CONSTANTS.items():
            if self.text.startswith(word, position):
                return constant, position + len(word)
        raise self.broken("a value is missing" if first else "it ends too early", position)

    def string(self, position: int) -> tuple[str, int]:
        try:
            value, end = scanstring(self.text, position + 1, True)
        except ValueError as error:
            raise self.broken(str(error).partition(":")[0].lower(), position) from None
        # Go replaces each byte that is no UTF-8, and the escape of half a pair of surrogates
        return _SURROGATE.sub("\ufffd", value), end


def _add(container: Members | Items, name: str, value: Any, span: tuple[int, int]) -> None:
    if isinstance(container, list):
        container.append(value)
        container.spans.append(span)
        return
    if name in container:
        container.earlier.append(Earlier(name, container.pop(name), container.spans[name]))
    container[name], container.spans[name] = value, span


def _number(match: re.Match[str]) -> Any:
    text = match[0]
    if match[1] is None and match[2] is None and text != "-0" and len(text) <= _LONGEST_INTEGER:
        whole = int(text)
        if -(1 << 63) <= whole < 1 << 64:
            return whole
    return Number.read(text)
