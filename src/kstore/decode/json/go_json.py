"""
JSON text as Go's encoding/json writes it, and read so that it can be written again byte for byte.

Knows text and plain values; which fields a type has is `typed_json`'s business.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from kstore.decode.json.number import Number, as_whole, format_float
from kstore.decode.json.raw_json import FOLLOWED, RawJSON
from kstore.errors import DecodeError, EncodeError

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


def compacted(raw: RawJSON) -> bytes:
    """
    Raw text as Go's encoding/json prints it inside an object: compacted, HTML characters escaped.

    Raises:
        ValueError: the text is not JSON.
    """
    import orjson

    try:
        orjson.loads(raw.data)  # encoding/json refuses raw text that is not valid
    except orjson.JSONDecodeError:
        # what orjson refuses and Go does not: half a pair of surrogates, numbers too large for a float64, bytes
        # that are no UTF-8, more than 1,024 levels
        from kstore.decode.json.slow_json import parse

        try:
            parse(raw.data)
        except DecodeError as error:
            raise ValueError(str(error)) from None
    if not _NEEDS_COMPACTING.search(raw.data):
        return raw.data
    return escape_html(_STRING_OR_SPACE.sub(lambda m: m[0] if m[0][:1] == b'"' else b"", raw.data))


def with_numbers(value: Any) -> Any:
    """A copy in which every float is a `Number`, which `dumps` prints as Go does."""
    if isinstance(value, dict):
        return {name: with_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_numbers(item) for item in value]
    return Number(value) if type(value) is float else value


def as_whole_numbers(value: Any) -> Any:
    """A copy whose floats are integers where Go prints them so (`as_whole`)."""
    if isinstance(value, dict):
        return {name: as_whole_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_whole_numbers(item) for item in value]
    return as_whole(value) if isinstance(value, float) else value


def _fragment(value: Any) -> Any:
    """What orjson cannot print by itself: raw JSON and numbers in Go's form."""
    import orjson

    if isinstance(value, RawJSON):
        return orjson.Fragment(compacted(value))
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


# a float that orjson prints as it stands here and Go does not: 1.0 (Go: 1), or one with an exponent. Only where a
# number may be in compact text: half of all UIDs have a digit before an e
_ODD_FLOAT = re.compile(rb"[:\[,]-?[0-9]+(?:\.[0-9]+e|e|\.0[,\]}])")


def loads(text: bytes) -> Any:
    """
    Read JSON text. If it is what Go would write, by a fast parser; else by a slow one that remembers where each value
    stood (`Members`, `Items`), keeps how numbers were spelled, and takes whatever Go takes.

    Raises:
        DecodeError: Go refuses the text; with the byte offset.
    """
    from kstore.decode.json.slow_json import parse

    found = _as_go_writes(text)
    return parse(text) if found is None else found[0]


def loads_fast(text: bytes) -> Any:
    """
    Read JSON text by the fast parser alone, where it does not matter how numbers were spelled or what came twice.

    Raises:
        DecodeError: it does not take the text; Go may take it all the same (`loads`).
    """
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise DecodeError(str(error)) from None


def _as_go_writes(text: bytes) -> tuple[Any] | None:
    """The value of a text that Go would write so; None for any other text, and for one that is no JSON."""
    import orjson

    try:
        value = orjson.loads(text)
        as_printed = escape_html(orjson.dumps(value)) == text.rstrip(b"\n")
        if as_printed and not isinstance(value, float) and not _ODD_FLOAT.search(text):
            return (value,)
    except (orjson.JSONDecodeError, TypeError):
        pass
    return None


def prints_as_read(text: bytes) -> bool:
    """
    Whether a JSON text, parsed and printed again on one line without Go's escapes, is the same bytes.

    Remembered for short texts: the field sets of managedFields are the same in many objects.
    """
    return _prints_as_read(text) if len(text) > _SHORT else _short_prints_as_read(text)


_SHORT = 1 << 14


def _prints_as_read(text: bytes) -> bool:
    import orjson

    try:
        value = orjson.loads(text)
        return orjson.dumps(value) == text and not isinstance(value, float) and not _ODD_FLOAT.search(text)
    except (orjson.JSONDecodeError, TypeError):
        return False


_short_prints_as_read = lru_cache(maxsize=1024)(_prints_as_read)


def deviations(text: bytes) -> Iterator[str]:
    """
    Yield what is in a JSON text that Go reads, and that no Go program writes.

    Raises:
        DecodeError: Go refuses the text.
    """
    if _as_go_writes(text) is not None:
        return
    from kstore.decode.json.slow_json import parse, repeated_name

    parsed = parse(text)
    if repeated_name(parsed) is not None:
        yield "a name twice in one object"
    if _ESCAPED_BYTE.search(text.decode("utf-8", "surrogateescape")):
        yield "bytes that are no UTF-8"
    if _is_deep(parsed):
        yield f"nested deeper than {FOLLOWED} levels"


_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


def _is_deep(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, RawJSON) or any(map(_is_deep, inner))


def reprint(text: bytes) -> bytes:
    """
    What Go prints of JSON text that it has parsed into `interface{}`: members sorted, the last of equal names only,
    numbers and strings in Go's form (`apimachinery/pkg/util/json`: whole numbers are int64 if they fit, else float64).

    Nesting of as many levels as Go reads needs no recursion.

    Raises:
        DecodeError: Go cannot parse the text.
    """
    from kstore.decode.json.slow_json import DEEPEST, parse

    return b"".join(_printed(parse(text, followed=DEEPEST)))


def _printed(value: Any) -> Iterator[bytes]:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, bytes):  # what is to stand between values
            yield one
        elif isinstance(one, dict):
            yield b"{"
            left.append(b"}")
            for place, name in reversed(list(enumerate(sorted(one)))):
                left += (one[name], dumps(name) + b":") if place == 0 else (one[name], dumps(name) + b":", b",")
        elif isinstance(one, list):
            yield b"["
            left.append(b"]")
            for place, item in reversed(list(enumerate(one))):
                left += (item,) if place == 0 else (item, b",")
        else:
            yield dumps(unstructured_number(one))


def unstructured_number(value: Any) -> Any:
    """
    A scalar as `unstructured` has it: a whole number is an int64 if it fits, any other a float64, and -0 is 0.

    (`apimachinery/pkg/util/json/json.go`, ConvertInterfaceNumbers)

    Raises:
        DecodeError: the number does not fit a float64, which makes the apiserver refuse the whole object.
    """
    if isinstance(value, float):
        if getattr(value, "text", "") == "-0":
            return 0
        if math.isinf(value):
            text = getattr(value, "text", str(value))
            raise DecodeError(f"the number {text[:40]} does not fit a float64")
        return value if isinstance(value, Number) else Number(value)
    return Number(value) if type(value) is int and not -(1 << 63) <= value < 1 << 63 else value


def whole_numbers(value: Any) -> tuple[Any, bool]:
    """
    A value as it is after one more way through JSON text, and whether that differs: a float64 that was read as `1.0` or
    `-0.0` is printed without a fraction, and read as an int64 then. Dicts and lists are changed in place.

    Numbers that never were text, as in CBOR, stay what they are.
    """
    if isinstance(value, dict):
        items: Any = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    elif getattr(value, "text", "") and value.is_integer() and abs(value) <= _INT64:
        printed = int(format_float(value))  # which may lie beside it: -2^63 is printed as -9223372036854776000
        return (printed, True) if -(1 << 63) <= printed < 1 << 63 else (value, False)
    else:
        return value, False
    changed = False
    for name, item in items:
        if isinstance(item, dict | list | float):
            value[name], differs = whole_numbers(item)
            changed |= differs
    return value, changed


_INT64 = float(1 << 63)


def require_numbers(value: Any, path: str = "") -> None:
    """
    See whether every number of a parsed value, as far as it knows its text, fits a float64: Go converts those of
    members, too, whose names come again.

    Raises:
        DecodeError: one does not; with its path.
    """
    from kstore.decode.json.slow_json import DEEPEST, Items, Members, parse

    left = [(value, path)]
    while left:
        one, place = left.pop()
        if isinstance(one, Members):
            left += ((item, f"{place}.{name}") for name, item, _ in reversed(list(one.occurrences())))
        elif isinstance(one, Items):
            left += ((item, f"{place}[{index}]") for index, item in reversed(list(enumerate(one))))
        elif isinstance(one, RawJSON):
            _require_deep_numbers(parse(one.data, followed=DEEPEST), place)
        else:
            _require_number(one, place)


def _require_deep_numbers(value: Any, path: str) -> None:
    """The same, without the paths of what is nested so deeply: they would be as long as the text."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += (item for _, item, _ in one.occurrences())  # type: ignore[attr-defined]  # parsed: Members
        elif isinstance(one, list):
            left += one
        else:
            _require_number(one, path)


def _require_number(value: Any, path: str) -> None:
    if isinstance(value, float):
        try:
            unstructured_number(value)
        except DecodeError as error:
            raise DecodeError(error.message, path=path.lstrip(".")) from None


def raw_member(container: Any, key: Any, value: Any) -> RawJSON:
    """The text of one member of a parsed container: as it stood, when the slow parser saw it, else printed anew."""
    from kstore.decode.json.slow_json import Items, Members

    if isinstance(container, Members | Items):
        return RawJSON(container.source(key))
    return RawJSON(dumps(value))
