"""
Resource quantities: `1500m`, `2Gi`, `1e3`; their canonical form and rounding.

Knows the notation of `apimachinery/pkg/api/resource/quantity.go` and the string that Go keeps beside a parsed
quantity; offers no arithmetic beyond what stored objects need.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

DECIMAL_SI = "DecimalSI"
BINARY_SI = "BinarySI"
DECIMAL_EXPONENT = "DecimalExponent"

NANO = -9
"""The smallest scale that a quantity can hold, as a power of ten."""
MILLI = -3

_INT64_MAX = (1 << 63) - 1
_INT64_DIGITS = 18
"""Decimal digits that surely fit an int64 (`maxInt64Factors`)."""

# parseQuantityString, as one expression: sign, leading zeros, numerator, denominator, suffix
_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)0*(?P<num>[0-9]*)(?:\.(?P<denom>[0-9]*))?(?P<suffix>[eEinumkKMGTP]*[-+]?[0-9]*)\Z", re.A
)

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {0: ""} | {exponent: suffix for suffix, exponent in _BINARY.items()}
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)\Z", re.A)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number `unscaled * 10**scale`, the format it was written in, and the text that Go would keep for it."""

    unscaled: int
    scale: int
    format: str
    text: str = ""
    """The source text where Go reuses it (already canonical by its quick check), else empty."""

    def __str__(self) -> str:
        return self.text or _canonical_text(self)

    def rounded_up(self, scale: int) -> Quantity:
        """The quantity rounded away from zero to a multiple of `10**scale` (`Quantity.RoundUp`)."""
        if self.scale >= scale:
            return self
        return Quantity(_divide_up(self.unscaled, 10 ** (scale - self.scale)), scale, self.format)


def _divide_up(number: int, divisor: int) -> int:
    """Divide and round away from zero (`inf.RoundUp`)."""
    quotient, rest = divmod(abs(number), divisor)
    quotient += rest > 0
    return -quotient if number < 0 else quotient


def _interpret(suffix: str) -> tuple[int, int, str]:
    """Base, exponent and format of a suffix (`suffixHandler.interpret`)."""
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], DECIMAL_SI
    if suffix in _BINARY:
        return 2, _BINARY[suffix], BINARY_SI
    if match := _EXPONENT.match(suffix):
        exponent = int(match[1])
        if -(1 << 31) <= exponent < 1 << 31:
            return 10, exponent, DECIMAL_EXPONENT
    raise ValueError("unable to parse quantity's suffix")


def parse_quantity(text: str) -> Quantity:
    """
    Read a quantity as `resource.ParseQuantity` does.

    Raises:
        ValueError: the text is no quantity; the message says which part is wrong.
    """
    if text == "0":
        return Quantity(0, 0, DECIMAL_SI, text)
    match = _QUANTITY.match(text)
    if not text or match is None:
        raise ValueError("quantities must look like 100m, 1.5, 2Gi or 1e3")
    num, denom = match["num"] or "0", match["denom"] or ""
    sign = -1 if match["sign"] == "-" else 1
    base, exponent, form = _interpret(match["suffix"])
    return _parse_small(text, sign, num, denom, exponent, form) or _parse_big(
        sign, match["num"] + denom, len(denom), base, exponent, form
    )


def _parse_small(text: str, sign: int, num: str, denom: str, exponent: int, form: str) -> Quantity | None:
    """The way that Go takes for numbers that surely fit an int64; None when it does not."""
    multiplier, scale = 1, exponent
    if form == BINARY_SI:
        if denom:
            return None
        multiplier, scale = 1 << exponent, 0
        precision = 15 - len(num) - exponent * 3 // 10 - 1
    else:
        precision = _INT64_DIGITS - len(num) - len(denom)
    scale -= len(denom)
    if precision < 0 or scale < NANO:
        return None
    shifted = num + denom
    value = int(shifted)
    result = value * multiplier
    if result > _INT64_MAX:
        return None
    if form == BINARY_SI:
        kept = exponent % 10 == 0 and value & 7 != 0
    else:
        kept = scale % 3 == 0 and not shifted.endswith("000") and shifted[0] != "0"
    return Quantity(sign * result, scale, form, text if kept else "")


def _parse_big(sign: int, digits: str, decimals: int, base: int, exponent: int, form: str) -> Quantity:
    """The way through `inf.Dec`: any size, rounded up to nano, binary ones capped at int64."""
    if not digits:
        raise ValueError("unable to parse numeric part of quantity")
    unscaled = int(digits)
    scale = -decimals
    if base == 10:
        scale += exponent
    else:
        unscaled <<= exponent
    if unscaled:
        if scale < NANO:
            # far below nano only "more than nothing" is left: no need to build the power
            unscaled = _divide_up(unscaled, 10 ** (NANO - scale)) if NANO - scale < 4096 else 1
        else:
            unscaled *= 10 ** min(scale - NANO, 4096)
        scale = NANO
    one = 10**-NANO
    if form == BINARY_SI and unscaled > _INT64_MAX * one:
        unscaled = _INT64_MAX * one
    if form == BINARY_SI and 0 < unscaled < one:
        form = DECIMAL_SI
    return Quantity(sign * unscaled, scale, form)


def _canonical_text(quantity: Quantity) -> str:
    """The canonical form, as `Quantity.CanonicalizeBytes` prints it."""
    unscaled, scale, form = quantity.unscaled, quantity.scale, quantity.format
    if unscaled == 0:
        return "0"
    if form == BINARY_SI:
        whole, rest = (unscaled * 10**scale, 0) if scale >= 0 else divmod(abs(unscaled), 10**-scale)
        if rest or abs(whole) < 1024:
            form = DECIMAL_SI
        else:
            whole = abs(whole)
            power = 0
            while whole % 1024 == 0:
                whole //= 1024
                power += 10
            return f"{'-' if unscaled < 0 else ''}{whole}{_BINARY_SUFFIX.get(power, '')}"
    while unscaled % 10 == 0:
        unscaled //= 10
        scale += 1
    while scale % 3:
        unscaled *= 10
        scale -= 1
    if form == DECIMAL_SI:
        return f"{unscaled}{_DECIMAL_SUFFIX.get(scale, '')}"
    return f"{unscaled}e{scale}" if scale else str(unscaled)


@lru_cache(maxsize=16384)
def canonical(text: str) -> str:
    """
    The text that Go prints for a quantity that it has read as `text`.

    Raises:
        ValueError: the text is no quantity.
    """
    return str(parse_quantity(text))
