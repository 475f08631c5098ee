"""
Any object, field by field, with labels made of the fields' names, as kubectl describes kinds it has no page for.

(`kubectl/pkg/describe/describe.go`, printUnstructuredContent and smartLabelFor)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from kstore.decode.json.raw_json import RawJSON
from kstore.view.describe.page import Page, Value

_WORD: Final = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+|[^A-Za-z0-9]+")
_ACRONYMS: Final = re.compile(r"api|cidr|cpu|dns|[gu]?id|https?|ip|os|tcp|tls|ttl|udp|url|uri", re.I)
_LONGEST: Final = 2000
"""Characters of one value; what is longer is cut, and says so."""


def label_for(name: str) -> str:
    """`restartPolicy` as `Restart Policy`, `podIP` as `Pod IP`; a name that is no Go name stays as it is."""
    if not re.fullmatch(r"[a-z][A-Za-z0-9]*", name):
        return name
    words = _WORD.findall(name)
    return " ".join(word.upper() if _ACRONYMS.fullmatch(word) else word[:1].upper() + word[1:] for word in words)


def fields(obj: Mapping[str, Any], *, skip: Collection[str] = ()) -> Page:
    """Every member of an object but some."""
    return [(label_for(name), _value(item)) for name, item in obj.items() if name not in skip]


def scalar(value: Any) -> str:
    """A value that stands in one line, or in several where it has line feeds of its own."""
    if value is None:
        return "<unset>"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def _value(value: Any) -> Value:
    if isinstance(value, RawJSON):
        return _raw(value)
    if isinstance(value, Mapping):
        return fields(value) if value else "{}"
    if not isinstance(value, list):
        return scalar(value)
    if not value:
        return "[]"
    if any(isinstance(item, Mapping | list | RawJSON) for item in value):
        return [("", _element(one)) for one in value]
    return [scalar(item) for item in value]


def _element(one: Any) -> Value:
    """An element of a list with a dash before it: a page, also where it is a text or a list of its own."""
    value = _value(one)
    return value if isinstance(one, Mapping) and value != "{}" else [("Value", value)]


def _raw(value: RawJSON) -> Value:
    try:
        return _value(value.value)
    except ValueError:
        return scalar(value.data.decode("utf-8", "backslashreplace"))
