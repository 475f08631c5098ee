"""
Numbers that are no whole ones, as Go's encoding/json prints them.

Knows floats and how they were spelled; whole numbers are Python's own.
"""

from __future__ import annotations

import math

_FIRST_EXPONENT = 1e21
"""From here on Go prints a float64 with an exponent."""


class Number(float):
    """
    A number that is no whole one, printed as Go prints it; orjson prints Python's own floats in its own way.

    One that the slow parser read knows the text that it was read from.
    """

    __slots__ = ("text",)
    text: str

    @classmethod
    def read(cls, text: str) -> Number:
        """The number that the text spells."""
        number = cls(text)
        number.text = text
        return number


def as_whole(number: float) -> float:
    """The integer that Go prints a float64 as, where it has no fraction and no exponent; else the same."""
    return int(format_float(number)) if number.is_integer() and abs(number) < _FIRST_EXPONENT else number


def format_float(number: float) -> str:
    """
    A float64 as Go's encoding/json prints it: the shortest form, an exponent only below 1e-6 and from 1e21.

    Raises:
        ValueError: not a number, or infinite: JSON has neither.
    """
    if math.isnan(number) or math.isinf(number):
        raise ValueError("JSON has no infinity and no NaN")
    if number == 0:
        return "-0" if math.copysign(1, number) < 0 else "0"
    digits, _, exponent = f"{number!r}".partition("e")
    if 1e-6 <= abs(number) < _FIRST_EXPONENT:
        whole, _, fraction = digits.partition(".")
        if exponent.startswith("-"):
            return f"{number:.{len(fraction) - int(exponent)}f}"
        if exponent:
            # the shortest digits and then zeros, not the digits of the binary number
            return whole + fraction.ljust(int(exponent), "0")
        return digits.removesuffix(".0")
    if not exponent:
        digits, _, exponent = f"{number:e}".partition("e")
    return f"{digits.removesuffix('.0')}e{'-' if exponent[0] == '-' else '+'}{exponent.lstrip('+-').lstrip('0')}"
