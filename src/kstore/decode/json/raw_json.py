"""
Raw JSON inside a typed object: `FieldsV1`, `RawExtension` and the CRD's `JSON`, kept byte for byte.

Go holds these as bytes and never looks inside, so neither may we: parsing and printing would lose white space, escapes
and the spelling of numbers.
"""

from __future__ import annotations

import re
from typing import Any

# what Go's encoding/json changes in raw text on its way out: white space outside strings, and characters it escapes
_NEEDS_COMPACTING = re.compile(rb"[\s<>&]|\xe2\x80[\xa8\xa9]")
_STRING_OR_SPACE = re.compile(rb'"(?:[^"\\]|\\.)*"|\s+', re.S)
_HTML = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    b"\xe2\x80\xa8": b"\\u2028",
    b"\xe2\x80\xa9": b"\\u2029",
}


def escape_html(text: bytes) -> bytes:
    """Escape what Go's encoder escapes inside JSON strings: `<`, `>`, `&`, U+2028 and U+2029."""
    for plain, escaped in _HTML.items():
        if plain in text:
            text = text.replace(plain, escaped)
    return text


INVALID = "$invalidJSON"
"""The member that holds the text of raw JSON that is none."""


class RawJSON:
    """JSON text that is carried, not read. Two are equal when their bytes are."""

    __slots__ = ("_value", "data")

    _value: Any

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def value(self) -> Any:
        """
        The parsed value, computed when first asked for; `{"$invalidJSON": …}` with the text where that is no JSON.

        Go carries such text along without a look, and finds out when it is to be printed; people are shown it.
        """
        try:
            return self._value
        except AttributeError:
            import json

            try:
                self._value = json.loads(self.data)
            except (ValueError, RecursionError):
                self._value = {INVALID: self.data.decode("utf-8", "backslashreplace")}
            return self._value

    def compact(self) -> bytes:
        """
        The text as Go's encoding/json prints it inside an object: compacted, HTML characters escaped.

        Raises:
            ValueError: the text is not JSON.
        """
        import orjson

        try:
            orjson.loads(self.data)  # encoding/json refuses raw text that is not valid
        except orjson.JSONDecodeError:
            import json

            # what orjson refuses and Go does not: half a pair of surrogates, numbers too large for a float64
            json.loads(self.data.decode(), parse_constant=no_constant)
        if not _NEEDS_COMPACTING.search(self.data):
            return self.data
        return escape_html(_STRING_OR_SPACE.sub(lambda m: m[0] if m[0][:1] == b'"' else b"", self.data))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RawJSON) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        return f"RawJSON({self.data!r})"


def no_constant(text: str) -> Any:
    """
    What Python's parser is to make of `NaN` and `Infinity`, which JSON does not have.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{text} is no JSON")


def plain(value: Any) -> Any:
    """A copy of a decoded value in which raw JSON is parsed, so that it consists of dicts, lists and scalars only."""
    kind = type(value)
    if kind is dict:
        return {key: plain(item) for key, item in value.items()}
    if kind is list:
        return [plain(item) for item in value]
    return value.value if kind is RawJSON else value
