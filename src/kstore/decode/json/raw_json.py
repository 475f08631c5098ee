"""
Raw JSON inside a typed object: `FieldsV1`, `RawExtension` and the CRD's `JSON`, kept byte for byte.

Go holds these as bytes and never looks inside, so neither may we: parsing and printing would lose white space, escapes
and the spelling of numbers.
"""

from __future__ import annotations

from typing import Any

INVALID = "$invalidJSON"
"""The member that holds the text of raw JSON that is none."""
NESTED = "$nestedJSON"
"""The member that holds the text of JSON that is nested too deeply to be shown in parts."""
FOLLOWED = 200
"""Levels of nesting that are taken apart; what is deeper is carried as text. No type and no schema goes so deep."""


class RawJSON:
    """
    JSON text that is carried, not read. Two are equal when their bytes are.

    Args:
        data: the text.
        nested: it is carried only because it is deeper in an object than `FOLLOWED` levels.
    """

    __slots__ = ("_value", "data", "nested")

    _value: Any

    def __init__(self, data: bytes, *, nested: bool = False) -> None:
        self.data = data
        self.nested = nested

    @property
    def value(self) -> Any:
        """
        The parsed value, computed when first asked for; `{"$invalidJSON": …}` with the text where that is no JSON,
        `{"$nestedJSON": …}` where it is nested too deeply.

        Go carries such text along without a look, and finds out when it is to be printed; people are shown it.
        """
        try:
            return self._value
        except AttributeError:
            self._value = self._parsed()
            return self._value

    def _parsed(self) -> Any:
        import json

        name = NESTED
        if not self.nested:
            try:
                return json.loads(self.data)
            except ValueError:
                name = INVALID
            except RecursionError:
                pass
        return {name: self.data.decode("utf-8", "backslashreplace")}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RawJSON) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        return f"RawJSON({self.data!r})"


def plain(value: Any) -> Any:
    """A copy of a decoded value in which raw JSON is parsed, so that it consists of dicts, lists and scalars only."""
    kind = type(value)
    if kind is dict:
        return {key: plain(item) for key, item in value.items()}
    if kind is list:
        return [plain(item) for item in value]
    return value.value if kind is RawJSON else value
