"""
Sets of fields as `FieldsV1` holds them, read, united and written.

Ported from `structured-merge-diff/fieldpath` (serialize.go, element.go, set.go): `f:` is a field, `k:` an element of a
list by its keys, `v:` one by its value, `i:` one by its place; `.` says that what is above is a member, too.
Knows neither types nor who owns what.
"""

from __future__ import annotations

import json
import re
from typing import Any

from kstore.decode.json.raw_json import RawJSON

FieldSet = dict[str, Any]

_SELF = "."
_ELEMENTS = "fkvi"
"""In the order in which a set is written."""
_SPACE = re.compile(rb'"(?:[^"\\]|\\.)*"|\s', re.S)


def parsed(fields: RawJSON) -> FieldSet | None:
    """A set of fields; None where the text is none."""
    try:
        found = json.loads(fields.data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def written(found: FieldSet) -> RawJSON:
    """The text of a set as a server writes it: in order, without space."""
    return RawJSON(json.dumps(_in_order(found), separators=(",", ":"), ensure_ascii=False).encode())


def tidied(fields: Any) -> Any:
    """A set that somebody else wrote, with space in it, as a server writes it; the very same where there is none."""
    if not isinstance(fields, RawJSON) or not (b" " in fields.data or b"\n" in fields.data):
        return fields
    if all(text[:1] == b'"' for text in _SPACE.findall(fields.data)):
        return fields
    found = parsed(fields)
    return fields if found is None else written(found)


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """All that is in one of two sets."""
    found = dict(left)
    for name, below in right.items():
        if name not in found:
            found[name] = below
        elif name != _SELF:
            mine = found[name]
            if bool(mine) != bool(below):  # the one without anything below it is a member
                mine = {_SELF: {}, **mine}
            found[name] = union(mine, below)
    return found


def _in_order(found: FieldSet) -> FieldSet:
    """The set, sorted; what is nothing but a member holds nothing."""
    names = sorted(found, key=_place)
    below = {name: _in_order(found[name]) if isinstance(found[name], dict) else found[name] for name in names}
    return {} if below.keys() == {_SELF} else below


def _place(name: str) -> tuple[Any, ...]:
    """Where an element stands among others (PathElement.Compare)."""
    if name == _SELF:
        return (-1,)
    sort, text = _ELEMENTS.find(name[:1]), name[2:]
    if sort < 1:
        return sort, text.encode("utf-8", "surrogatepass")
    try:
        value = json.loads(text)
    except ValueError:
        return sort, (9,), text
    if sort == 1 and isinstance(value, dict):
        return sort, tuple((key.encode(), _rank(value[key])) for key in sorted(value))
    return sort, _rank(value)


def _rank(value: Any) -> tuple[Any, ...]:
    """A value of JSON in the order of `value.Compare`: numbers, texts, booleans, lists, maps, null."""
    match value:
        case bool():
            return 2, value
        case int() | float():
            return 0, value
        case str():
            return 1, value.encode("utf-8", "surrogatepass")
        case list():
            return 3, tuple(map(_rank, value))
        case dict():
            return 4, tuple((key.encode(), _rank(value[key])) for key in sorted(value))
        case _:
            return (5,)
