"""
Whether a server can tell the elements of an object's lists apart.

Elements of lists such as `imagePullSecrets` are told apart by their keys, as managedFields name them. Where an element
lacks a key that has no default a server cannot say who owns what, and gives up on all managedFields of the object
(`structured-merge-diff/typed/helpers.go`, keyedAssociativeListItemToPathElement).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from kstore.catalog.loader import Catalog
from kstore.catalog.types import Field, TypeRef

ONE_KEY_IS_ENOUGH = 34
"""The first release in which an element may lack some of its keys, if it has one (structured-merge-diff v6)."""


def members_of(catalog: Catalog, struct: str) -> dict[str, tuple[str, Field]]:
    """The members of a struct by their JSON name, with the struct that declares each; inline ones among them."""
    found: dict[str, tuple[str, Field]] = {}
    for field in catalog.struct(struct).fields:
        if field.inline:
            found.update(members_of(catalog, field.type.name))
        elif field.json:
            found[field.json] = struct, field
    return found


class _Key(NamedTuple):
    name: str
    pointer: bool

    def is_missing(self, element: Mapping[str, Any]) -> bool:
        """Whether Go leaves the key out of the element's JSON."""
        value = element.get(self.name)
        return value is None or (not self.pointer and not value)


class _Plan(NamedTuple):
    """What is looked at below a struct's member: the sets of keys that no element may lack, and what is below."""

    member: str
    keys: tuple[tuple[_Key, ...], ...]
    below: tuple[_Plan, ...]


class ListKeys:
    """
    The keys of one release's lists.

    Args:
        catalog: the release's types.
        lists: those whose elements are told apart, as `core.v1.PodSpec.imagePullSecrets`.
        keys: their keys without a default, as `core.v1.PodSpec.imagePullSecrets name`.
        defaulted: those with one.
    """

    def __init__(
        self, catalog: Catalog, lists: frozenset[str], keys: frozenset[str], defaulted: frozenset[str]
    ) -> None:
        self._catalog = catalog
        self._lists = lists
        self._every = _by_place(keys | defaulted)
        self._defaulted = _by_place(defaulted)
        self._keys = _by_place(keys)
        self._plans: dict[str, tuple[_Plan, ...]] = {}
        self._members: dict[str, dict[str, tuple[str, Field]]] = {}

    def are_missing(self, type_name: str, obj: Mapping[str, Any]) -> bool:
        """
        Whether an element of any list of an object lacks a key.

        Args:
            type_name: the object's type.
            obj: the object.
        """
        plans = self._plans.get(type_name)
        if plans is None:
            plans = self._plans[type_name] = tuple(self._planned(type_name, frozenset()))
        return _is_missing(plans, obj)

    def are_twice(self, type_name: str, obj: Mapping[str, Any]) -> bool:
        """Whether a list of an object has elements that cannot be told apart, as an environment with a name twice."""
        return self._is_twice(TypeRef("struct", name=type_name), obj)

    def _is_twice(self, ref: TypeRef, value: Any) -> bool:
        element = ref.element
        if ref.form == "struct" and isinstance(value, dict):
            return any(
                self._are_alike(f"{owner}.{name}", value[name]) or self._is_twice(field.type, value[name])
                for name, (owner, field) in self._members_of(ref.name).items()
                if value.get(name)
            )
        if element is not None and element.form == "struct" and isinstance(value, list):
            return any(self._is_twice(element, item) for item in value)
        return False

    def _members_of(self, struct: str) -> dict[str, tuple[str, Field]]:
        found = self._members.get(struct)
        if found is None:
            found = self._members[struct] = members_of(self._catalog, struct)
        return found

    def _are_alike(self, place: str, value: Any) -> bool:
        if place not in self._lists or not isinstance(value, list):
            return False
        names = self._every.get(place)
        known = [repr([item.get(name) for name in names]) if names else repr(item) for item in value]
        return len(set(known)) < len(known)

    def _planned(self, struct: str, above: frozenset[str]) -> Iterator[_Plan]:
        if struct in above:  # a type within itself, as a schema of JSON
            return
        above |= {struct}
        for field in self._catalog.struct(struct).fields:
            if field.inline:
                yield from self._planned(field.type.name, above)
                continue
            inner = field.type.element if field.type.form == "list" else field.type
            if inner is None or inner.form != "struct":
                continue
            keys = tuple(self._needed(f"{struct}.{field.json}", inner)) if field.type.form == "list" else ()
            below = tuple(self._planned(inner.name, above))
            if keys or below:
                yield _Plan(field.json, keys, below)

    def _needed(self, place: str, element: TypeRef) -> Iterator[tuple[_Key, ...]]:
        """The sets of keys of which an element must have one each."""
        names = self._keys.get(place, ())
        fields: dict[str, Field] = {field.json: field for field in self._catalog.struct(element.name).fields}
        optional = [_Key(name, fields[name].type.pointer) for name in names if fields[name].omitempty]
        if self._catalog.release.rules_minor < ONE_KEY_IS_ENOUGH:
            yield from ((key,) for key in optional)
        elif optional and len(optional) == len(names) and place not in self._defaulted:
            yield tuple(optional)


def _by_place(rows: Iterable[str]) -> dict[str, list[str]]:
    """The names of keys by the list that they are of."""
    found: dict[str, list[str]] = {}
    for row in sorted(rows):
        place, _, name = row.partition(" ")
        found.setdefault(place, []).append(name)
    return found


def _is_missing(plans: tuple[_Plan, ...], obj: Mapping[str, Any]) -> bool:
    for plan in plans:
        value = obj.get(plan.member)
        if not value:
            continue
        for item in _items(value, plan):
            if any(all(key.is_missing(item) for key in keys) for keys in plan.keys):
                return True
            if plan.below and _is_missing(plan.below, item):
                return True
    return False


def _items(value: Any, plan: _Plan) -> Iterator[Mapping[str, Any]]:
    """The structs at a member: one, or those of a list; keys are of lists alone."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, dict):
            yield item
