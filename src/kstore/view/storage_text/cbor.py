"""
The items of a CBOR value, each with its place, major type and length. (RFC 8949, section 3)
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from kstore.errors import DecodeError
from kstore.view.mask import MASK, hides, is_secret
from kstore.view.storage_text.line import Line, shown_bytes, shown_text

_MAJOR = ("unsigned", "negative", "bytes", "text", "array", "map", "tag", "simple")
_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(2, 8)
_INDEFINITE, _BREAK = 31, 0xFF
_CONSTANTS = {20: "false", 21: "true", 22: "null", 23: "undefined"}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_DEEPEST = 200
_SECRET = re.compile(rb"[\x44\x64]kind[\x46\x66]Secret")
"""The member `kind` of a Secret, as text or, from a server, as bytes."""


def cbor_lines(value: bytes, *, key: bytes = b"", secrets: bool = False) -> Iterator[Line]:
    """
    Yield a line for every item; the names of a map's members stand before their values.

    Raises:
        DecodeError: the bytes are not CBOR from some offset on; what is before has been yielded.
    """
    reader = _Walker(value, hide=not secrets and (_SECRET.search(value) is not None or is_secret("", key)))
    try:
        yield from reader.item(0, "", ())
    except (IndexError, struct.error):
        raise DecodeError("the CBOR value breaks off", offset=len(value)) from None


class _Walker:
    """Walks one value, item by item."""

    def __init__(self, value: bytes, *, hide: bool) -> None:
        self.value = value
        self.hide = hide
        self.at = 0

    def item(self, depth: int, name: str, path: tuple[str, ...]) -> Iterator[Line]:
        """The item at the current place and all within it."""
        if depth > _DEEPEST:
            raise DecodeError("the CBOR value is nested too deeply", offset=self.at)
        start = self.at
        major, info, argument = self._head()
        label = f"{name}{': ' if name else ''}{_MAJOR[major]}"
        if major in (_BYTES, _TEXT):
            content = self._string(info, argument)
            yield Line(start, self.at - start, depth, label, _text(content, hidden=self.hide and hides(path)))
        elif major in (_ARRAY, _MAP):
            size = "of indefinite length" if info == _INDEFINITE else f"of {argument}"
            yield Line(start, self.at - start, depth, label, size)
            count = None if info == _INDEFINITE else argument
            yield from (self._members if major == _MAP else self._elements)(count, depth + 1, path)
        elif major == _TAG:
            described = "the mark of CBOR" if argument == 55799 else ""
            yield Line(start, self.at - start, depth, label, f"{argument} {described}".rstrip())
            yield from self.item(depth, name, path)
        else:
            value = self._number(start, major, info, argument)
            yield Line(start, self.at - start, depth, label, MASK if self.hide and hides(path) else value)

    def _head(self) -> tuple[int, int, int]:
        """Major type, additional information, and the argument of the item's first bytes."""
        first = self.value[self.at]
        self.at += 1
        major, info = first >> 5, first & 31
        if info < 24 or info == _INDEFINITE:
            return major, info, info
        if info > 27:
            raise DecodeError(f"additional information {info} is reserved", offset=self.at - 1)
        size = 1 << (info - 24)
        if self.at + size > len(self.value):
            raise IndexError
        argument = int.from_bytes(self.value[self.at : self.at + size], "big")
        self.at += size
        return major, info, argument

    def _string(self, info: int, length: int) -> bytes:
        if info != _INDEFINITE:
            if self.at + length > len(self.value):
                raise DecodeError(f"a string of {length} bytes is cut short", offset=self.at)
            self.at += length
            return self.value[self.at - length : self.at]
        chunks = []
        while not self._ended():
            _, inner, size = self._head()
            if inner == _INDEFINITE:
                raise DecodeError("a chunk of indefinite length", offset=self.at)
            chunks.append(self._string(inner, size))
        return b"".join(chunks)

    def _ended(self) -> bool:
        """Whether the mark that ends something of indefinite length comes next; it is passed over."""
        if self.value[self.at] != _BREAK:
            return False
        self.at += 1
        return True

    def _members(self, count: int | None, depth: int, path: tuple[str, ...]) -> Iterator[Line]:
        while not self._ended() if count is None else count > 0:
            start = self.at
            major, info, length = self._head()
            if major not in (_BYTES, _TEXT):
                raise DecodeError("the name of a member is no string", offset=start)
            name = self._string(info, length).decode("utf-8", "backslashreplace")
            yield from self.item(depth, name, (*path, name))
            count = None if count is None else count - 1

    def _elements(self, count: int | None, depth: int, path: tuple[str, ...]) -> Iterator[Line]:
        index = 0
        while not self._ended() if count is None else index < count:
            yield from self.item(depth, f"[{index}]", (*path, f"[{index}]"))
            index += 1

    def _number(self, start: int, major: int, info: int, argument: int) -> str:
        if major == _SIMPLE:
            if info in _FLOATS:
                raw = self.value[start + 1 : self.at]
                return str(struct.unpack(_FLOATS[info], raw)[0])
            return _CONSTANTS.get(info, f"simple value {argument}")
        return str(argument if major == 0 else -1 - argument)


def _text(content: bytes, *, hidden: bool) -> str:
    try:
        return shown_text(content.decode(), hidden=hidden)
    except UnicodeDecodeError:
        return shown_bytes(content, hidden=hidden)
