"""
`intstr.IntOrString` where its two halves are both set.

JSON shows the half that its type names, and so an int or a str is all that most code needs. The other half is there in
protobuf, is written back by the apiserver, and is read by a few rules (`apimachinery/pkg/util/intstr/intstr.go`).
"""

from __future__ import annotations

from typing import Any


class NumberWithText(int):
    """A number that also holds a text."""

    text: str

    @classmethod
    def of(cls, number: int, text: str) -> int:
        """The number itself where there is no text to hold."""
        if not text:
            return number
        made = cls(number)
        made.text = text
        return made


class TextWithNumber(str):
    """A text that also holds a number."""

    number: int

    @classmethod
    def of(cls, text: str, number: int) -> str:
        """The text itself where there is no number to hold."""
        if not number:
            return text
        made = cls(text)
        made.number = number
        return made


def halves(value: Any) -> tuple[int, str]:
    """Number and text of a value; the half that is not there is zero or empty."""
    if isinstance(value, str):
        return getattr(value, "number", 0), str(value)
    return int(value or 0), getattr(value, "text", "")


def is_zero(value: Any) -> bool:
    """Whether a value is unset: the number zero or an empty text, and nothing beside it."""
    return halves(value) == (0, "")
