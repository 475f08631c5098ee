"""
Which fields make an object large: followed down to where the bytes are.

Measures the JSON form, which every encoding has in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kstore.decode.json.raw_json import RawJSON

_SHARE = 0.1
_MOST = 3


@dataclass(frozen=True, slots=True)
class LargeField:
    """A field and what it takes."""

    path: str
    bytes: int
    share: float
    """Of the whole object."""


def large_fields(obj: dict[str, Any], *, share: float = _SHARE, most: int = _MOST) -> tuple[LargeField, ...]:
    """
    The fields that each take a good part of an object, the largest first.

    A field is named where none of its own members takes such a part; else the members are.
    """
    total = json_size(obj)
    found = [LargeField(path, size, size / total) for path, size in _below(obj, "", total * share) if path]
    return tuple(sorted(found, key=lambda one: -one.bytes)[:most])


def _below(value: Any, path: str, least: float) -> Iterator[tuple[str, int]]:
    large = [(where, child) for where, child in _children(value, path) if json_size(child) >= least]
    if not large:
        yield path, json_size(value)
    for where, child in large:
        yield from _below(child, where, least)


def _children(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, child in value.items():
            plain = name.isidentifier() or not path
            yield (f"{path}.{name}" if path and plain else name if plain else f"{path}[{name}]"), child
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield f"{path}[{_name_of(child, index)}]", child


def _name_of(element: Any, index: int) -> str:
    """An element by what tells it from the others, else by its place."""
    if isinstance(element, dict):
        for key in ("name", "manager", "key", "type"):
            if isinstance(element.get(key), str):
                return f"{key}={element[key]}"
    return str(index)


def json_size(value: Any) -> int:
    """Bytes of a value as compact JSON, to within a few escapes."""
    if isinstance(value, RawJSON):
        return len(value.data)
    if isinstance(value, str):
        return len(value) + 2
    if isinstance(value, dict):
        return 1 + sum(len(name) + 4 + json_size(child) for name, child in value.items())
    if isinstance(value, list):
        return 1 + sum(1 + json_size(child) for child in value)
    return len(str(value))
