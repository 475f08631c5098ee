"""
Random objects of a type, for trying a plugin's rules: valid JSON of every field, drawn from a seed.

Texts are drawn from a few that are hard to carry (a comma, other alphabets) and from those that the rules themselves
compare with, so that more than the first branch of a rule is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random
from types import CodeType
from typing import Any

from kstore.catalog.json_layout import layout
from kstore.catalog.loader import Catalog
from kstore.catalog.types import INTEGERS, Kind, TypeRef

_TEXTS = ("a", "web-1", "x,y", "Ünïcode", "0", "two words", "")
_NUMBERS = (0, 1, 2, 3, 7, 100, 2**31 - 1)
_VALUES: dict[str, tuple[Any, ...]] = {
    "bool": (True, False),
    "float64": (0, 1.5, 1e21),
    "bytes": ("AAEC", "/w=="),
    "any": ("x", {"a": 1}),
    "Quantity": ("0", "1500m", "2Gi"),
    "Time": ("2026-01-02T03:04:05Z",),
    "MicroTime": ("2026-01-02T03:04:05.000006Z",),
    "Duration": ("0s", "1m30s"),
    "IntOrString": (80, "http"),
    "RawExtension": ({"a": {"b": [1, None]}},),
    "FieldsV1": ({"f:spec": {}},),
    "JSON": ([1, "x"],),
}
_DEPTH = 6
"""How deep pointers, lists and maps are filled: types can hold themselves."""
_SET = 0.7
"""How likely a member is there."""


class RandomObjects:
    """
    Objects of a catalog's types.

    Args:
        catalog: the types.
        words: further texts to draw from.
    """

    def __init__(self, catalog: Catalog, words: Iterable[str] = ()) -> None:
        self._catalog = catalog
        self._texts = (*_TEXTS, *words)

    def of_kind(self, kind: Kind, seed: str) -> dict[str, Any]:
        """An object of a kind, always the same for a seed."""
        head = {"kind": kind.kind, "apiVersion": f"{kind.group}/{kind.version}" if kind.group else kind.version}
        return {**head, **self._struct(kind.type, Random(seed), 0)}  # noqa: S311 - no secret

    def _struct(self, name: str, random: Random, depth: int) -> dict[str, Any]:
        if name == "meta.v1.ObjectMeta":
            return {"name": "a"}
        found = {}
        for member, field in layout(self._catalog, name).members.items():
            if member in ("kind", "apiVersion") or random.random() > _SET:
                continue
            if field.type.form != "union" and (depth < _DEPTH or not field.type.nilable):
                found[member] = self._value(field.type, random, depth + 1)
        return found

    def _value(self, ref: TypeRef, random: Random, depth: int) -> Any:
        if ref.form == "struct":
            return self._struct(ref.name, random, depth)
        if ref.element is not None and ref.form == "map":
            return {random.choice(_TEXTS[:4]): self._value(ref.element, random, depth)}
        if ref.element is not None:
            return [self._value(ref.element, random, depth) for _ in range(random.randint(1, 3))]
        if ref.name == "string":
            return random.choice(self._texts)
        if ref.name in INTEGERS:
            most = 255 if ref.name == "uint8" else 2**15 - 1 if ref.name.endswith("16") else 2**31 - 1
            return min(random.choice(_NUMBERS), most)
        return random.choice(_VALUES.get(ref.name, (None,)))


def words_of(functions: Iterable[Callable[..., Any]]) -> list[str]:
    """The texts that functions compare with: constants of theirs, and of their modules' collections that they name."""
    found: set[str] = set()
    for function in functions:
        code = getattr(function, "__code__", None)
        if code is None:
            continue
        names, constants = _within(code)
        found.update(_texts(constants))
        module = getattr(function, "__globals__", {})
        found.update(_texts([module[name] for name in names if name in module]))
    return sorted(word for word in found if len(word) < 64)


def _within(code: CodeType) -> tuple[set[str], list[Any]]:
    names, constants = set(code.co_names), list(code.co_consts[1:])
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = _within(constant)
            names |= inner[0]
            constants += inner[1]
    return names, constants


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _texts([*value, *value.values()])
        elif isinstance(value, list | tuple | set | frozenset):
            yield from _texts(value)
