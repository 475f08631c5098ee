"""
A JSON parser that forgets nothing: where each member stood in the text, how numbers were spelled, what came twice.

Only texts that Go would not have written need it (white space, escapes, odd numbers); `go_json.loads` decides.
"""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # the standard library's C scanner
from typing import Any

from kstore.errors import DecodeError, RepeatedName

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.A)
_LONGEST_INTEGER = 20
"""Characters of the longest number that fits 64 bits."""
_CONSTANTS = {"true": True, "false": False, "null": None}


class Members(dict[str, Any]):
    """A JSON object that knows the text of its members."""

    __slots__ = ("spans", "text")
    text: str
    spans: dict[str, tuple[int, int]]

    def source(self, key: str) -> bytes:
        """The bytes of the member's value, as they stood."""
        start, end = self.spans[key]
        return self.text[start:end].encode()


class Items(list[Any]):
    """A JSON array that knows the text of its elements."""

    __slots__ = ("spans", "text")
    text: str
    spans: list[tuple[int, int]]

    def source(self, index: int) -> bytes:
        """The bytes of the element, as they stood."""
        start, end = self.spans[index]
        return self.text[start:end].encode()


def parse(data: bytes) -> Any:
    """
    Read one JSON value.

    Raises:
        DecodeError: broken text, a name twice in one object, nesting beyond what can be followed; with the byte offset.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("the JSON text is not UTF-8", offset=error.start) from None
    parser = _Parser(text)
    try:
        value, end = parser.value(parser.skip(0))
    except RecursionError:
        raise DecodeError("the JSON text is nested too deeply") from None
    end = parser.skip(end)
    if end != len(text):
        raise parser.broken("something follows the value", end)
    return value


class _Parser:
    """Recursive descent over one text; every method returns what it read and where it stopped."""

    def __init__(self, text: str) -> None:
        self.text = text

    def skip(self, position: int) -> int:
        match = _SPACE.match(self.text, position)
        return match.end() if match else position

    def broken(self, message: str, position: int, kind: type[DecodeError] = DecodeError) -> DecodeError:
        offset = len(self.text[:position].encode(errors="surrogatepass"))
        return kind(f"the JSON text is broken: {message}", offset=offset)

    def value(self, position: int) -> tuple[Any, int]:
        first = self.text[position : position + 1]
        if first == "{":
            return self.members(position)
        if first == "[":
            return self.items(position)
        if first == '"':
            return self.string(position)
        match = _NUMBER.match(self.text, position)
        if match:
            return self.number(match), match.end()
        for word, constant in _CONSTANTS.items():
            if self.text.startswith(word, position):
                return constant, position + len(word)
        raise self.broken("a value is missing" if first else "it ends too early", position)

    def string(self, position: int) -> tuple[str, int]:
        try:
            value, end = scanstring(self.text, position + 1, True)
        except ValueError as error:
            raise self.broken(str(error).partition(":")[0].lower(), position) from None
        if any("\ud800" <= char <= "\udfff" for char in value):
            # Go replaces a lone surrogate escape
            value = re.sub("[\ud800-\udfff]", "\ufffd", value)
        return value, end

    def number(self, match: re.Match[str]) -> Any:
        from kstore.decode.json.go_json import Number

        text = match[0]
        if match[1] is None and match[2] is None and text != "-0" and len(text) <= _LONGEST_INTEGER:
            whole = int(text)
            if -(1 << 63) <= whole < 1 << 64:
                return whole
        return Number.read(text)

    def members(self, position: int) -> tuple[Members, int]:
        found = Members()
        found.text, found.spans = self.text, {}
        position = self.skip(position + 1)
        if self.text[position : position + 1] == "}":
            return found, position + 1
        while True:
            if self.text[position : position + 1] != '"':
                raise self.broken("a member's name is missing", position)
            name, end = self.string(position)
            if name in found:
                raise self.broken(f"the name {name!r} comes twice in one object", position, RepeatedName)
            position = self.skip(end)
            if self.text[position : position + 1] != ":":
                raise self.broken("a colon is missing", position)
            start = self.skip(position + 1)
            found[name], end = self.value(start)
            found.spans[name] = (start, end)
            position = self.skip(end)
            separator = self.text[position : position + 1]
            if separator == "}":
                return found, position + 1
            if separator != ",":
                raise self.broken("a comma or brace is missing", end)
            position = self.skip(position + 1)

    def items(self, position: int) -> tuple[Items, int]:
        found = Items()
        found.text, found.spans = self.text, []
        position = self.skip(position + 1)
        if self.text[position : position + 1] == "]":
            return found, position + 1
        while True:
            value, end = self.value(position)
            found.append(value)
            found.spans.append((position, end))
            position = self.skip(end)
            separator = self.text[position : position + 1]
            if separator == "]":
                return found, position + 1
            if separator != ",":
                raise self.broken("a comma or bracket is missing", end)
            position = self.skip(position + 1)
