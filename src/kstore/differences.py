"""
What differs between two objects, as a person means it: lists matched by their merge keys, not by position.

The keys come from the catalog (`patchMergeKey` of the Go types); for kinds that it does not know, and lists without a
key, elements are matched by value. Knows nothing of stores, versions or terminals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from kstore.catalog.loader import Catalog
from kstore.catalog.types import Field, TypeRef
from kstore.decode.json.raw_json import plain

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which two objects differ."""

    path: str
    """The field path: `spec.template.spec.containers[name=web].image`."""
    kind: str
    """`added`, `removed` or `changed`."""
    old: Any
    """The value before; None where it was added."""
    new: Any
    """The value after; None where it was removed."""


def object_differences(
    old: Mapping[str, Any], new: Mapping[str, Any], type_name: str | None, catalog: Catalog
) -> list[Difference]:
    """
    All differences of two objects, in the order of their members.

    Args:
        old: the object before.
        new: the object after.
        type_name: the catalog's name of their type, such as `apps.v1.Deployment`; None for an unknown kind.
        catalog: where the types are looked up.
    """
    walk = _Walk(catalog)
    return list(walk.members(plain(dict(old)), plain(dict(new)), type_name or "", ""))


class _Walk:
    """Compares values of known types, as far as they are known."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def members(
        self, old: Mapping[str, Any], new: Mapping[str, Any], struct: str, path: str, element: TypeRef | None = None
    ) -> Iterator[Difference]:
        """The differences of two structs, or of two maps whose values are `element`."""
        fields = self._fields(struct) if struct else {}
        for name in [*old, *(name for name in new if name not in old)]:
            field = fields.get(name)
            below = field.type if field else element
            where = _member(path, name, in_map=element is not None)
            if name not in new:
                yield Difference(where, REMOVED, old[name], None)
            elif name not in old:
                yield Difference(where, ADDED, None, new[name])
            else:
                yield from self._value(old[name], new[name], below, where, field.merge_key if field else "")

    def _fields(self, struct: str) -> dict[str, Field]:
        """The members of a struct by their JSON name, those of inline structs among them."""
        found: dict[str, Field] = {}
        for field in self._catalog.struct(struct).fields:
            if field.inline:
                found.update(self._fields(field.type.name))
            else:
                found[field.json] = field
        return found

    def _value(self, old: Any, new: Any, ref: TypeRef | None, path: str, merge_key: str) -> Iterator[Difference]:
        if old == new and type(old) is type(new):
            return
        if isinstance(old, dict) and isinstance(new, dict):
            if ref is not None and ref.form == "map":
                yield from self.members(old, new, "", path, ref.element)
            else:
                yield from self.members(old, new, ref.name if ref and ref.form == "struct" else "", path)
        elif isinstance(old, list) and isinstance(new, list):
            yield from self._list(old, new, ref.element if ref else None, path, merge_key)
        else:
            yield Difference(path, CHANGED, old, new)

    def _list(
        self, old: list[Any], new: list[Any], element: TypeRef | None, path: str, merge_key: str
    ) -> Iterator[Difference]:
        key = merge_key or ("name" if element is None else "")
        if key and _identified(old, key) and _identified(new, key):
            before, after = ({item[key]: item for item in items} for items in (old, new))
            for value in [*before, *(value for value in after if value not in before)]:
                where = f"{path}[{key}={value}]"
                if value not in after:
                    yield Difference(where, REMOVED, before[value], None)
                elif value not in before:
                    yield Difference(where, ADDED, None, after[value])
                else:
                    yield from self._value(before[value], after[value], element, where, "")
            return
        yield from self._by_position(old, new, element, path)

    def _by_position(self, old: list[Any], new: list[Any], element: TypeRef | None, path: str) -> Iterator[Difference]:
        """Elements without a key: what is equal is matched, what stands in the same gap is compared."""
        matcher = SequenceMatcher(a=[_hashable(item) for item in old], b=[_hashable(item) for item in new])
        for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
            if tag == "equal":
                continue
            paired = min(old_to - old_from, new_to - new_from)
            for step in range(paired):
                where = f"{path}[{new_from + step}]"
                yield from self._value(old[old_from + step], new[new_from + step], element, where, "")
            for index in range(old_from + paired, old_to):
                yield Difference(f"{path}[{index}]", REMOVED, old[index], None)
            for index in range(new_from + paired, new_to):
                yield Difference(f"{path}[{index}]", ADDED, None, new[index])


def _member(path: str, name: str, *, in_map: bool) -> str:
    if in_map and not name.isidentifier():
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def _identified(items: Sequence[Any], key: str) -> bool:
    """Whether every element is an object with a value of its own under the key."""
    values = [item.get(key) for item in items if isinstance(item, dict)]
    scalars = [value for value in values if isinstance(value, str | int)]
    return len(scalars) == len(items) == len(set(scalars))


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((name, _hashable(item)) for name, item in sorted(value.items()))
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    return type(value).__name__, value
