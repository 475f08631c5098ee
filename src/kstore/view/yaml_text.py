"""
YAML as kubectl prints it: sorted keys, lists not indented, quotes and blocks as go.yaml.in/yaml/v2 chooses them.

Knows how maps and lists are laid out (`emitterc.go`, `sorter.go`); how one string stands is `yaml_scalars.py`.
Does not hide or mask anything: that is `mask.py`, before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any, Final

from kstore.decode.json.raw_json import RawJSON
from kstore.decode.yaml_scalars import scalar, simple_key
from kstore.errors import EncodeError
from kstore.scalars.go_float import go_g, shortest_digits

Append = Callable[[str], None]


def to_yaml(value: Any) -> str:
    """
    One document as YAML, ending in a newline.

    Args:
        value: an object as the API would serve it. Leaves that only know how to become a value (`RawJSON`) are asked.

    Raises:
        EncodeError: it is nested too deeply to be printed.
    """
    parts: list[str] = []
    try:
        _document(parts.append, value)
    except RecursionError:
        raise EncodeError("the object is nested too deeply to be printed as YAML") from None
    return "".join(parts)


_MOST_MEMBERS: Final = 16 << 20
"""Characters of members' texts that are remembered before all are forgotten."""


class YamlMembers:
    """Prints objects member by member, remembering the text of members that come again as the very same dicts."""

    def __init__(self) -> None:
        self._texts: dict[int, tuple[Any, str, str]] = {}
        self._size = 0

    def text(self, head: dict[str, str], members: list[tuple[str, dict[str, Any]]]) -> str:
        """
        One object, as `to_yaml` prints it.

        Args:
            head: its members that are texts (`apiVersion` and `kind`).
            members: the others by name; a dict that was passed before must not have changed since.

        Raises:
            EncodeError: it is nested too deeply to be printed.
        """
        texts = {name: to_yaml({name: value}) for name, value in head.items()}
        texts.update((name, self._member(name, value)) for name, value in members)
        return "".join(texts[name] for name in sorted(texts))

    def _member(self, name: str, value: dict[str, Any]) -> str:
        known = self._texts.get(id(value))
        if known is not None and known[0] is value and known[1] == name:
            return known[2]
        text = to_yaml({name: value})
        if name == "metadata":  # each object's own
            return text
        self._size += len(text)
        if self._size > _MOST_MEMBERS:
            self._texts.clear()
            self._size = len(text)
        self._texts[id(value)] = value, name, text
        return text


def _document(append: Append, value: Any) -> None:
    value = _opened(value)
    if type(value) is str:
        append(scalar(value, -1, "  ")[1:])
    elif value and type(value) is dict:
        _mapping(append, value, "", "")
    elif value and type(value) is list:
        _sequence(append, value, "", "")
    else:
        append(_leaf(value) + "\n")


def _mapping(append: Append, mapping: dict[str, Any], pad: str, lead: str) -> None:
    """Write a mapping that is not empty; its first key stands behind `lead`, the others behind `pad`."""
    inner = pad + "  "
    for key, text in _in_order(mapping):
        value = mapping[key]
        if text is None:
            append(f"{lead}?{scalar(key, len(pad) + 1, inner)}")
            _same_line(append, value, pad + ":", inner)
        elif type(value) is str:
            append(f"{lead}{text}{scalar(value, len(pad) + len(text), inner)}")
        else:
            value = _opened(value)
            if value and type(value) is dict:
                append(f"{lead}{text}\n")
                _mapping(append, value, inner, inner)
            elif value and type(value) is list:
                append(f"{lead}{text}\n")
                _sequence(append, value, pad, pad)
            elif type(value) is str:
                append(f"{lead}{text}{scalar(value, len(pad) + len(text), inner)}")
            else:
                append(f"{lead}{text} {_leaf(value)}\n")
        lead = pad


def _sequence(append: Append, items: list[Any], pad: str, lead: str) -> None:
    """Write a list that is not empty; its first dash stands behind `lead`, the others behind `pad`."""
    inner = pad + "  "
    for item in items:
        _same_line(append, item, lead + "-", inner)
        lead = pad


def _same_line(append: Append, value: Any, lead: str, inner: str) -> None:
    """Write a value behind a dash or the colon of a `? ` entry: a collection begins on the same line."""
    value = _opened(value)
    if type(value) is str:
        append(f"{lead}{scalar(value, len(inner) - 1, inner)}")
    elif value and type(value) is dict:
        _mapping(append, value, inner, lead + " ")
    elif value and type(value) is list:
        _sequence(append, value, inner, lead + " ")
    else:
        append(f"{lead} {_leaf(value)}\n")


def _opened(value: Any) -> Any:
    """The value that raw JSON stands for, and plain collections for those that remember their text."""
    kind = type(value)
    if kind is dict or kind is list:
        return value
    if kind is RawJSON:
        return value.value
    if isinstance(value, dict):
        return dict(value)
    return list(value) if isinstance(value, list) else value


def _leaf(value: Any) -> str:
    """What is neither a string nor a collection with something in it."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is int:
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if type(value) is dict:
        return "{}"
    if type(value) is list:
        return "[]"
    raise EncodeError(f"a {type(value).__name__} is no JSON value and cannot be printed as YAML")


def _float(number: float) -> str:
    """
    A float as it comes through JSON: whole numbers of 64 bits without a fraction, the rest as strconv's 'g'.

    `JSONToYAML` reads Go's JSON, which writes `1` for 1.0, back as an integer.
    """
    if math.isnan(number):
        return ".nan"
    if math.isinf(number):
        return ".inf" if number > 0 else "-.inf"
    if number.is_integer() and -(2.0**63) <= number < 2.0**64:
        digits, point = shortest_digits(number)  # zeros after the shortest digits, not the binary value
        return ("-" if number < 0 else "") + digits.ljust(point, "0")
    return go_g(number)


# ---- the order of keys (sorter.go)


def _compare(left: str, right: str) -> int:
    """
    Compare two keys as `keyList.Less` does: letters after everything else, runs of digits by their number.
    """
    for at, (a, b) in enumerate(zip(left, right, strict=False)):
        if a == b:
            continue
        if a.isalpha() or b.isalpha():
            less = ord(a) < ord(b) if a.isalpha() and b.isalpha() else b.isalpha()
        else:
            less = _digits_less(left, right, at)
        return -1 if less else 1
    return len(left) - len(right)


def _digits_less(left: str, right: str, at: int) -> bool:
    """Whether `left` comes first where the keys part at two characters that are no letters."""
    begin = 0
    if left[at] == "0" or right[at] == "0":
        before = at - 1
        while before >= 0 and left[before].isdecimal():
            if left[before] != "0":
                begin = 1
                break
            before -= 1
    left_number, left_end = _run_of_digits(left, at, begin)
    right_number, right_end = _run_of_digits(right, at, begin)
    if left_number != right_number:
        return left_number < right_number
    if left_end != right_end:
        return left_end < right_end
    return left[at] < right[at]


def _run_of_digits(text: str, at: int, number: int) -> tuple[int, int]:
    """The number that the digits from `at` spell after `number`, and where they end; it wraps as an int64 does."""
    while at < len(text) and text[at].isdecimal():
        number = number * 10 + ord(text[at]) - ord("0")
        at += 1
    return (number + (1 << 63)) % (1 << 64) - (1 << 63), at


_natural = cmp_to_key(_compare)
_orders: dict[tuple[str, ...], list[tuple[str, str | None]]] = {}
_KNOWN_ORDERS: Final = 5_000
_REMEMBERED_KEYS: Final = 64


def _in_order(mapping: dict[str, Any]) -> list[tuple[str, str | None]]:
    """The keys in order, each with its text and colon; remembered, since objects of a kind have the same keys."""
    keys = tuple(mapping)
    known = _orders.get(keys)
    if known is None:
        simple = all(key.isalpha() for key in keys)
        known = [(key, simple_key(key)) for key in (sorted(keys) if simple else sorted(keys, key=_natural))]
        if len(keys) <= _REMEMBERED_KEYS:
            if len(_orders) >= _KNOWN_ORDERS:
                _orders.clear()
            _orders[keys] = known
    return known
