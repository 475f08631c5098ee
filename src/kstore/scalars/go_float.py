"""
Floats as Go's strconv prints them with the format `g`: in YAML, in tables and in templates.
"""

from __future__ import annotations


def shortest_digits(number: float) -> tuple[str, int]:
    """The shortest digits that give the number back, and the place of the point among them."""
    mantissa, _, exponent = float.__repr__(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return digits.rstrip("0") or "0", point


def go_g(number: float) -> str:
    """A finite float as `strconv.FormatFloat(f, 'g', -1, 64)`: shortest digits, an exponent below -4 and from 6 on."""
    sign = "-" if number < 0 else ""
    digits, point = shortest_digits(number)
    exponent = point - 1
    if exponent < -4 or exponent >= 6:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{tail}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return sign + digits.ljust(point, "0")
    return f"{sign}{digits[:point]}.{digits[point:]}"
