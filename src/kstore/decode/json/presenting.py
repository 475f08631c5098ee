"""
Dicts of a type as Go's encoding/json has them: members in Go's order, zeros left out or written as the type says.

What is to be done with each member of a type is worked out once, as a row of functions; presenting an object only
walks its members and their rows. Most of a table's, and of JSON's, time is spent here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import not_
from typing import Any, NamedTuple

from kstore.catalog.json_layout import Layout, is_zero, layout, zero_value
from kstore.catalog.loader import Catalog
from kstore.catalog.types import Field, TypeRef
from kstore.decode.unions import fold, unfold

Form = Callable[[Any], Any]


class _Row(NamedTuple):
    """What is done with one member."""

    place: int
    """Where it stands in Go's order."""
    left_out: Callable[[Any], bool] | None
    """Whether a value is not written; None where every value is."""
    null: Callable[[], Any] | None
    """Makes what is written for null where Go's type has no null; None where it has."""
    form: Form | None
    """Makes what is written for a value that is not null; None where that is the value."""


class Presenter:
    """Presents the objects of one catalog's types."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._of_type: dict[str, Form] = {}

    def present(self, type_name: str, members: dict[str, Any]) -> dict[str, Any]:
        """The object as Go writes it; members that the type does not have come last."""
        presented: dict[str, Any] = (self._of_type.get(type_name) or self._struct(type_name))(members)
        return presented

    def _struct(self, type_name: str) -> Form:
        """The function for a struct; for one that holds itself, it is there before its rows are."""
        found = self._of_type.get(type_name)
        if found is None:
            shape = layout(self.catalog, type_name)
            rows: dict[str, _Row] = {}
            found = self._of_type[type_name] = partial(_present, rows, self._missing(shape), shape)
            rows.update((name, self._row(place, shape.members[name])) for name, place in shape.places.items())
        return found

    def _missing(self, shape: Layout) -> tuple[tuple[str, Callable[[], Any]], ...]:
        """The members that JSON always has, each with what makes its zero."""
        return tuple((name, partial(zero_value, self.catalog, shape.members[name].type)) for name in shape.always)

    def _row(self, place: int, field: Field) -> _Row:
        null = None if field.type.nilable else partial(zero_value, self.catalog, field.type)
        return _Row(place, self._left_out(field), null, self._form(field.type))

    def _left_out(self, field: Field) -> Callable[[Any], bool] | None:
        empty = _left_out_when_empty(field)
        if not field.omitzero:
            return empty
        zero = partial(is_zero, self.catalog, field.type)
        return zero if empty is None else lambda value: zero(value) or empty(value)

    def _form(self, ref: TypeRef) -> Form | None:
        element = ref.element
        if ref.form == "struct":
            return self._struct(ref.name)
        if ref.form == "list" and element is not None and element.form != "plain":
            return partial(_list_of, self._element(element))
        if ref.form == "map" and element is not None:
            return partial(_map_of, self._element(element))
        if ref.form == "union":
            return partial(self._union, ref.name)
        return None

    def _element(self, ref: TypeRef) -> Form:
        """The function for what a list or a map holds, null too."""
        null = None if ref.nilable else partial(zero_value, self.catalog, ref)
        form = self._form(ref)

        def present(value: Any) -> Any:
            if value is None:
                return null and null()
            return form(value) if form else value

        return present

    def _union(self, type_name: str, value: Any) -> Any:
        members = layout(self.catalog, type_name).members
        parts = unfold(type_name, value)
        return fold(type_name, {name: self._element(members[name].type)(part) for name, part in parts.items()})


def _present(
    rows: dict[str, _Row], missing: tuple[tuple[str, Callable[[], Any]], ...], shape: Layout, members: dict[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    last, in_order = -1, True
    for name, value in members.items():
        row = rows.get(name)
        if row is None:
            found[name] = value
            in_order = False
            continue
        place, left_out, null, form = row
        if place < last:
            in_order = False
        last = place
        if left_out is not None and left_out(value):
            continue
        if value is None:
            found[name] = null and null()
        else:
            found[name] = form(value) if form else value
    for name, zero in missing:
        if name not in members:
            found[name] = zero()
            in_order = False
    return found if in_order else shape.ordered(found)


def _left_out_when_empty(field: Field) -> Callable[[Any], bool] | None:
    """What `omitempty` leaves out: it says nothing of a struct, nor of a pointer that is set to something empty."""
    ref = field.type
    if not field.omitempty:
        return None
    if ref.pointer:
        return None if ref.set_though_null else _is_null
    return not_ if ref.form in ("plain", "list", "map", "items") else None


def _is_null(value: Any) -> bool:
    return value is None


def _list_of(element: Form, values: list[Any]) -> list[Any]:
    return [element(value) for value in values]


def _map_of(element: Form, values: dict[str, Any]) -> dict[str, Any]:
    return {name: element(values[name]) for name in sorted(values)}
