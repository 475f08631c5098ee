"""
JSON text as Go's encoding/json writes it, and read so that it can be written again byte for byte.

Knows text and plain values; which fields a type has is `typed_json`'s business.
"""

from __future__ import annotations

import math
import re
from typing import Any

from kstore.decode.json.raw_json import RawJSON, escape_html, no_constant
from kstore.errors import DecodeError, EncodeError


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
    if 1e-6 <= abs(number) < 1e21:
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


def with_numbers(value: Any) -> Any:
    """A copy in which every float is a `Number`, which `dumps` prints as Go does."""
    if isinstance(value, dict):
        return {name: with_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_numbers(item) for item in value]
    return Number(value) if type(value) is float else value


def _fragment(value: Any) -> Any:
    """What orjson cannot print by itself: raw JSON and numbers in Go's form."""
    import orjson

    if isinstance(value, RawJSON):
        return orjson.Fragment(value.compact())
    if isinstance(value, float):
        return orjson.Fragment(format_float(value).encode())
    raise TypeError(f"a {type(value).__name__} has no place in JSON")


def dumps(value: Any) -> bytes:
    """
    Print a value as Go's `json.Marshal` does: compact, members in the dict's order, HTML characters escaped.

    Floats must be `Number`s, as every reader of this package makes them.

    Raises:
        EncodeError: something in it has no JSON form.
    """
    import orjson

    try:
        return escape_html(orjson.dumps(value, default=_fragment))
    except (TypeError, ValueError, RecursionError) as error:
        cause = error.__cause__ or error
        raise EncodeError(f"the object cannot be written as JSON: {cause}") from error


# a float that orjson and Go spell differently: 1.0 (Go: 1), or one with an exponent
_ODD_FLOAT = re.compile(rb"[0-9](?:\.0[,\]}\s]|[eE])|-0[,\]}\s.]")


def loads(text: bytes) -> Any:
    """
    Read JSON text. If it is what Go would write, by a fast parser; else by a slow one that remembers where each value
    stood (`Members`, `Items`), keeps how numbers were spelled, and refuses duplicate names.

    Raises:
        DecodeError: the text is not JSON; with the byte offset.
    """
    import orjson

    try:
        value = orjson.loads(text)
        if not _ODD_FLOAT.search(text) and escape_html(orjson.dumps(value)) == text.rstrip(b"\n"):
            return value
    except (orjson.JSONDecodeError, TypeError):
        pass
    from kstore.decode.json.slow_json import parse

    return parse(text)


def reprint(text: bytes) -> bytes:
    """
    What Go prints of JSON text that it has parsed into `interface{}`: members sorted, the last of equal names only,
    numbers and strings in Go's form (`apimachinery/pkg/util/json`: whole numbers are int64 if they fit, else float64).

    Raises:
        DecodeError: the text is not JSON.
    """
    import json

    # Go reads each byte that is no UTF-8 as one replacement character
    plain = _ESCAPED_BYTE.sub("\ufffd", text.decode("utf-8", "surrogateescape"))
    try:
        value = json.loads(
            plain,
            parse_int=_int64,
            parse_float=_float64,
            parse_constant=no_constant,
            object_pairs_hook=lambda pairs: dict(sorted(dict(pairs).items())),
        )
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the JSON text cannot be read: {error}") from None
    return dumps(_without_surrogates(value) if _SURROGATE_ESCAPE.search(text) else value)


_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _int64(text: str) -> int | Number:
    if len(text) <= 20 and -(1 << 63) <= int(text) < 1 << 63:
        return int(text)
    return _float64(text)


def _float64(text: str) -> Number:
    number = Number(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:40]} does not fit a float64")
    return number


def _without_surrogates(value: Any) -> Any:
    """A copy with lone surrogates replaced, as Go does when it reads their escapes."""
    if isinstance(value, dict):
        mended = {_without_surrogates(name): _without_surrogates(item) for name, item in value.items()}
        return dict(sorted(mended.items()))
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


def raw_member(container: Any, key: Any, value: Any) -> RawJSON:
    """The text of one member of a parsed container: as it stood, when the slow parser saw it, else printed anew."""
    from kstore.decode.json.slow_json import Items, Members

    if isinstance(container, Members | Items):
        return RawJSON(container.source(key))
    return RawJSON(dumps(value))
