"""
JSON as `kubectl -o json` prints it, and the compact form of `jsonl`.

Knows print forms; the bytes of a stored object in JSON are `decode.go_json`'s business.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from kstore.decode.json.go_json import as_whole_numbers, compacted, escape_html, prints_as_read, with_numbers
from kstore.decode.json.number import format_float
from kstore.decode.json.raw_json import RawJSON, plain
from kstore.errors import EncodeError

_LEADING_SPACES = re.compile(rb"(?m)^( +)")


def to_json(value: Any) -> str:
    """
    One document with four spaces of indent, keys sorted, as cli-runtime's JSONPrinter prints an unstructured object.

    Go's encoder escapes `<`, `>` and `&`; kubectl prints them so. Ends in a newline.

    Raises:
        EncodeError: something in it has no JSON form, or it is nested too deeply.
    """
    # orjson only knows two spaces; strings hold no raw newline, so that leading spaces are indent
    text = _LEADING_SPACES.sub(rb"\1\1", _dumps(value, indent=True, sort=True))
    return escape_html(text).decode() + "\n"


def to_json_line(value: Any) -> str:
    """
    One document on one line, members in the object's own order (`apiVersion` and `kind` first), newline at the end.

    Raises:
        EncodeError: something in it has no JSON form, or it is nested too deeply.
    """
    return _dumps(value).decode() + "\n"


def indented(text: str, by: str) -> str:
    """A printed document moved to the right, without its last newline: for an element of a larger one."""
    return text.rstrip("\n").replace("\n", "\n" + by)


def _dumps(value: Any, *, indent: bool = False, sort: bool = False) -> bytes:
    import orjson

    options = orjson.OPT_INDENT_2 * indent | orjson.OPT_SORT_KEYS * sort
    try:
        return orjson.dumps(value, default=_leaf if options else _leaf_of_line, option=options)
    except (TypeError, RecursionError):
        return _slow_dumps(value, indent=indent, sort=sort)


def _leaf(value: Any) -> Any:
    """What orjson does not print by itself: raw JSON, and floats, which Go prints in its own way (31, not 31.0)."""
    import orjson

    if isinstance(value, RawJSON):
        return orjson.Fragment(compacted(value)) if value.nested else with_numbers(value.value)
    if isinstance(value, float):
        return orjson.Fragment(format_float(value).encode()) if math.isfinite(value) else None
    raise TypeError


def _leaf_of_line(value: Any) -> Any:
    """The same on one line, where raw JSON that is printed as it stands need not be taken apart."""
    import orjson

    if isinstance(value, RawJSON) and not value.nested and prints_as_read(value.data):
        return orjson.Fragment(value.data)
    return _leaf(value)


def _slow_dumps(value: Any, *, indent: bool, sort: bool) -> bytes:
    """The standard library's writer, for what orjson refuses: integers beyond 64 bits, bytes that were not UTF-8."""
    separators = (",", ": ") if indent else (",", ":")
    try:
        text = json.dumps(
            as_whole_numbers(plain(value)),
            indent=2 if indent else None,
            sort_keys=sort,
            ensure_ascii=False,
            separators=separators,
        )
    except (TypeError, ValueError) as error:
        raise EncodeError(f"the object cannot be printed as JSON: {error}") from None
    except RecursionError:
        raise EncodeError("the object is nested too deeply to be printed as JSON") from None
    return text.encode("utf-8", "replace")
