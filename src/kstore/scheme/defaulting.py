"""
Defaulting: walk a versioned type, run the rules of each type met, apply `+default=` markers.

The order is the generated Go's (`zz_generated.defaults.go`): a type's own rules first, then its fields in Go's order,
parents before children. Types in whose tree nothing has a default are not walked.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from kstore.catalog.loader import Catalog
from kstore.catalog.types import Field, TypeRef
from kstore.scheme.registry import Obj, Registry, Scope

Walk = Callable[[Any, Scope], None]


class Defaulter:
    """The defaulting functions of one release, compiled per type on first use."""

    def __init__(self, catalog: Catalog, registry: Registry) -> None:
        self.catalog = catalog
        self.registry = registry
        self._needed: dict[str, bool] = {}
        self._walks: dict[str, Walk] = {}

    def default(self, type_name: str, obj: Obj, scope: Scope) -> None:
        """Set the defaults of an object of a versioned type, in place."""
        if type_name.rpartition(".")[0] in self.registry.undefaulted:
            return
        if self._needs(type_name, frozenset()):
            self._walk(type_name)(obj, scope)

    def _needs(self, type_name: str, above: frozenset[str]) -> bool:
        """Whether anything in the type's tree has a default; a type within itself adds nothing."""
        if type_name in above:
            return False
        if type_name not in self._needed:
            within = above | {type_name}
            found = type_name in self.registry.defaults or any(
                field.default is not None or self._ref_needs(field.type, within)
                for field in self.catalog.struct(type_name).fields
            )
            if above and not found:
                return False  # true only beneath these parents: do not remember it
            self._needed[type_name] = found
        return self._needed[type_name]

    def _ref_needs(self, ref: TypeRef, above: frozenset[str]) -> bool:
        if ref.named in self.registry.defaults:
            return True
        if ref.form == "struct":
            return self._needs(ref.name, above)
        return ref.element is not None and self._ref_needs(ref.element, above)

    def _walk(self, type_name: str) -> Walk:
        found = self._walks.get(type_name)
        if found is None:
            self._walks[type_name] = lambda obj, scope: self._walks[type_name](
                obj, scope
            )  # for types within themselves
            found = self._walks[type_name] = self._compile(type_name)
        return found

    def _compile(self, type_name: str) -> Walk:
        steps: list[Walk] = list(self.registry.defaults.get(type_name, ()))
        for field in self.catalog.struct(type_name).fields:
            if field.default is not None:
                steps.append(_marker(field))
            step = self._member(field) if self._ref_needs(field.type, frozenset({type_name})) else None
            if step is not None:
                steps.append(step)
        return _sequence(steps)

    def _member(self, field: Field) -> Walk | None:
        """The step that walks one member of the struct."""
        inner = self._value(field.type)
        name = field.json
        if inner is None or field.inline:
            return inner
        if field.type.form == "struct" and not field.type.pointer:

            def always(obj: Obj, scope: Scope) -> None:
                value = obj.get(name)
                if value is None:
                    value = obj[name] = {}
                inner(value, scope)

            return always

        def if_set(obj: Obj, scope: Scope) -> None:
            value = obj.get(name)
            if value is not None:
                inner(value, scope)

        return if_set

    def _value(self, ref: TypeRef) -> Walk | None:
        """The function that walks a value of the type."""
        own = self.registry.defaults.get(ref.named, [])
        if ref.form == "struct":
            return self._walk(ref.name)
        if ref.form not in ("list", "map") or ref.element is None:
            return _sequence(list(own)) if own else None
        inner = self._value(ref.element)
        if inner is None:
            return _sequence(list(own)) if own else None

        def each(values: Any, scope: Scope) -> None:
            for value in values if ref.form == "list" else values.values():
                if value is not None:
                    inner(value, scope)

        return _sequence([*own, each])


def _sequence(steps: list[Walk]) -> Walk:
    """The steps one after the other."""
    if len(steps) == 1:
        return steps[0]

    def run(obj: Any, scope: Scope) -> None:
        for step in steps:
            step(obj, scope)

    return run


def _marker(field: Field) -> Walk:
    """A `+default=` marker: unset, or zero where Go cannot tell, becomes the value."""

    def apply(obj: Obj, _scope: Scope) -> None:
        value = obj.get(field.json)
        if value is None or (not field.type.pointer and not value):
            obj[field.json] = deepcopy(field.default)

    return apply
