"""
Sets of fields as `FieldsV1` holds them, read, united and written.

Ported from `structured-merge-diff/fieldpath` (serialize.go, serialize-pe.go, element.go, set.go): `f:` is a field, `k:`
an element of a list by its keys, `v:` one by its value, `i:` one by its place; `.` says that what is above is a member,
too. Knows neither types nor who owns what.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from kstore.decode.json import go_json
from kstore.decode.json.number import format_float
from kstore.decode.json.raw_json import RawJSON

FieldSet = dict[str, Any]
_Place = tuple[Any, ...]

_SELF = "."
_INTEGER = re.compile(r"[+-]?[0-9]+")
_ELEMENTS = "fkvi"
"""In the order in which a set is written."""


class _Pairs(list[tuple[str, Any]]):
    """The members of an object of JSON, as they stood: one name may come twice."""


def parsed(fields: RawJSON) -> FieldSet | None:
    """A set of fields; None where the text is none."""
    try:
        found = json.loads(fields.data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def written(found: FieldSet) -> RawJSON:
    """The text of a set as a server writes it: in order, without space."""
    text = json.dumps(_in_order(found), separators=(",", ":"), ensure_ascii=False)
    if "\\b" in text or "\\f" in text:
        text = _ESCAPE.sub(lambda match: _NUMBERED.get(match[0], match[0]), text)
    return RawJSON(_HALF_PAIR.sub("\ufffd", text).encode())


_ESCAPE = re.compile(r"\\.")
_NUMBERED = {r"\b": r"\u0008", r"\f": r"\u000c"}
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def settled(fields: Any) -> Any:
    """
    A set as a server writes it once it has read it; the very same where nothing changes, None where it cannot read it.

    Members are put in order, each of them once; what is of an unknown sort is dropped, and numbers and space within an
    element's name are printed anew (readIterV1, emitContentsV1, DeserializePathElement).

    Args:
        fields: raw text, or as a custom object holds it: a dict.
    """
    if isinstance(fields, RawJSON):
        text = _settled_text(fields.data)
        return fields if text == fields.data else None if text is None else RawJSON(text)
    if not isinstance(fields, dict):
        return fields if fields is None else None
    try:
        found = _without_self(_read(fields))
    except (ValueError, RecursionError):
        return None
    return fields if found == fields else found


@lru_cache(maxsize=2048)
def _settled_text(text: bytes) -> bytes | None:
    """Remembered, because objects of one controller share their sets."""
    if text.startswith(b'{"f:') and _is_plain(text):
        return text
    try:
        found = _read(json.loads(text, object_pairs_hook=_Pairs))
    except (RecursionError, UnicodeDecodeError):
        return text  # not to be told here
    except ValueError:
        return None
    return written(_without_self(found)).data


def _is_plain(text: bytes) -> bool:
    """
    Whether a text is sure to be what a server writes, told without taking it apart.

    All members are fields, or elements named by one text, of which the order of the bytes is a server's order; and each
    has an object below it.
    """
    import orjson

    keyed, members = text.count(b'"k:'), text.count(b'":') - text.count(b'\\":')
    if members != text.count(b'"f:') + keyed + text.count(b'".":{}') or members != text.count(b'":{'):
        return False
    if any(text.count(part) != keyed for part in _OF_ONE_TEXT) or any(odd in text for odd in _ODD):
        return False
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS) == text
    except ValueError:
        return False


_OF_ONE_TEXT = (b'"k:{\\"', b'\\":', b'\\":\\"', b'\\"}":{')
"""What an element has once that is named by one text."""
_ODD = (
    *(b" ", b"!"),  # which stand before a quote in the order of bytes, and not in a server's
    *(b"<", b">", b"&", b"\xe2\x80", b"\\u", b"\\b", b"\\f", b"\\\\"),  # which may be spelled otherwise
    *(b"[", b',\\"', b'{".":{}}', b"null"),
)


def _read(found: Any) -> FieldSet:
    """
    A set of its members, each of them once.

    Raises:
        ValueError: a server cannot read it.
    """
    if found is None:
        return {}
    if not isinstance(found, dict | _Pairs):
        raise ValueError("no set of fields")
    members: dict[_Place, str] = {}
    children: dict[_Place, tuple[str, FieldSet]] = {}
    is_member = False
    for name, value in found.items() if isinstance(found, dict) else found:
        if name == _SELF:
            is_member = True
            continue
        element = _element(name)
        if element is None:
            continue
        below = _read(value)
        place = _place(element)
        if not below or _SELF in below:
            members.setdefault(place, element)
        if inner := _without_self(below):
            children[place] = children.get(place, (element,))[0], inner  # of what is below it the last counts
    read = _joined(members, children)
    return {_SELF: {}, **read} if is_member and read else read


def _joined(members: dict[_Place, str], children: dict[_Place, tuple[str, FieldSet]]) -> FieldSet:
    """
    One set of its members, and of what has something below it.

    Two spellings of one element, as `v:0` and `v:-0`, stand at one place: each part keeps the first, and what has
    something below it is written as that part spells it (emitContentsV1).
    """
    found = {name: {_SELF: {}, **below} if place in members else below for place, (name, below) in children.items()}
    return found | {name: {} for place, name in members.items() if place not in children}


def _without_self(found: FieldSet) -> FieldSet:
    return {name: below for name, below in found.items() if name != _SELF}


def _element(name: str) -> str | None:
    """
    An element's name as a server prints it; None for one of a sort that it does not know.

    Raises:
        ValueError: it is none.
    """
    sort, text = name[:1], name[2:]
    if name[1:2] != ":":
        raise ValueError("an element without sort")
    if sort == "k":
        pairs = _value(text)
        if not isinstance(pairs, _Pairs | None):
            raise ValueError("keys that are none")
        return f"k:{{{','.join(_printed_keys(pairs or ()))}}}"
    if sort == "v":
        return "v:" + _printed(_value(text))
    if sort == "i":
        if not _INTEGER.fullmatch(text):
            raise ValueError("a place that is none")
        return f"i:{int(text)}"
    return name if sort == "f" else None


def _value(text: str) -> Any:
    """A value of JSON, whose every number is a float64, as `-0` shows."""
    return json.loads(text, object_pairs_hook=_Pairs, parse_int=float)


def _printed_keys(pairs: Iterable[tuple[str, Any]]) -> list[str]:
    keys = sorted(pairs, key=lambda pair: pair[0].encode("utf-8", "surrogatepass"))
    return [f"{json.dumps(name, ensure_ascii=False)}:{_printed(value)}" for name, value in keys]


def _printed(value: Any) -> str:
    """
    A value as a server prints it that has read it: every number is a float64, and maps are sorted.

    Raises:
        ValueError: a number that no float64 holds.
    """
    match value:
        case None | bool() | str():
            return go_json.dumps(value).decode()
        case float():
            return _printed_number(value)
        case list() if not isinstance(value, _Pairs):
            return f"[{','.join(map(_printed, value))}]"
        case _:
            return f"{{{','.join(_printed_keys(dict(value).items()))}}}"


def _printed_number(value: float) -> str:
    """As jsoniter prints a float64: like Go, with two digits of an exponent at least."""
    digits, mark, exponent = format_float(value).partition("e")
    return digits + mark + exponent[:1] + exponent[1:].rjust(2, "0") if mark else digits


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """All that is in one of two sets; of two spellings of a member the right one's stays, else the left one's."""
    members: dict[_Place, str] = {}
    children: dict[_Place, tuple[str, FieldSet]] = {}
    for name, below in (*left.items(), *right.items()):
        place = _place(name)
        if not below or _SELF in below:
            members[place] = name
        if inner := _without_self(below):
            first, known = children.get(place, (name, {}))
            children[place] = first, union(known, inner)
    return _joined(members, children)


def _in_order(found: FieldSet) -> FieldSet:
    """The set, sorted; what is nothing but a member holds nothing."""
    names = sorted(found, key=_place)
    below = {name: _in_order(found[name]) if isinstance(found[name], dict) else found[name] for name in names}
    return {} if below.keys() == {_SELF} else below


@lru_cache(maxsize=4096)
def _place(name: str) -> _Place:
    """Where an element stands among others, which is also what tells it from them (PathElement.Compare)."""
    if name == _SELF:
        return (-1,)
    sort, text = _ELEMENTS.find(name[:1]), name[2:]
    if sort < 1:
        return sort, text.encode("utf-8", "surrogatepass")
    try:
        value = _value(text)
    except ValueError:
        return sort, (9,), text
    if sort == 1 and isinstance(value, _Pairs):
        return sort, tuple((key.encode("utf-8", "surrogatepass"), _rank(one)) for key, one in value)
    return sort, _rank(value)


def _rank(value: Any) -> tuple[Any, ...]:
    """A value of JSON in the order of `value.Compare`: numbers, texts, booleans, lists, maps, null."""
    match value:
        case bool():
            return 2, value
        case float():
            return 0, value
        case str():
            return 1, value.encode("utf-8", "surrogatepass")
        case _Pairs():
            return 4, tuple((key.encode("utf-8", "surrogatepass"), _rank(one)) for key, one in value)
        case list():
            return 3, tuple(map(_rank, value))
        case _:
            return (5,)
