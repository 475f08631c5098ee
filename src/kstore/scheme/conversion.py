"""
Conversion between a versioned type and its hub type, in place: a ported rule, else field by field of equal Go name.

The hub's dict uses the JSON names of the preferred version, so for most types there is nothing to do at all: the
catalog shows that both sides have the same fields of the same types, and such pairs are passed over whole. What is
left are renamed fields, fields that one side lacks, pointers that the other side has as plain values, and the rules.
(`apimachinery/pkg/conversion/converter.go`; the generated Go copies field by field instead.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kstore.catalog.json_layout import zero_value
from kstore.catalog.loader import Catalog
from kstore.catalog.types import Field, StructType, TypeRef
from kstore.decode.unions import schemas_in
from kstore.scheme.registry import Obj, Registry, Scope

Apply = Callable[[Any, Scope], None]
"""Converts a value in place."""


class Converter:
    """The conversions of one release, compiled per pair of types on first use."""

    def __init__(self, catalog: Catalog, registry: Registry) -> None:
        self.catalog = catalog
        self.registry = registry
        self._differ: dict[tuple[str, str], bool] = {}
        self._applies: dict[tuple[str, str], Apply] = {}

    def convert(self, source: str, target: str, obj: Obj, scope: Scope) -> None:
        """Convert an object from one type to another of the same hub, or to the hub itself, in place."""
        if self.differ(source, target):
            self._apply(source, target)(obj, scope)

    def differ(self, source: str, target: str) -> bool:
        """Whether converting does anything at all."""
        if (source, target) not in self._differ:
            assumed: set[tuple[str, str]] = set()
            self._differ[source, target] = self._pair_differs(source, target, assumed)
        return self._differ[source, target]

    def _pair_differs(self, source: str, target: str, assumed: set[tuple[str, str]]) -> bool:
        """Types within themselves are assumed equal while they are compared."""
        pair = (source, target)
        if pair in self.registry.conversions:
            return True
        if source == target or pair in assumed:
            return False
        if pair in self._differ:
            return self._differ[pair]
        assumed.add(pair)
        left, right = fields_by_go_name(self.catalog.struct(source)), fields_by_go_name(self.catalog.struct(target))
        if left.keys() != right.keys():
            return True
        return any(self._fields_differ(left[name], right[name], assumed) for name in left)

    def _fields_differ(self, left: Field, right: Field, assumed: set[tuple[str, str]]) -> bool:
        if left.json != right.json and not left.inline:
            return True
        return self._refs_differ(left.type, right.type, assumed)

    def _refs_differ(self, left: TypeRef, right: TypeRef, assumed: set[tuple[str, str]]) -> bool:
        if left.pointer != right.pointer and not (left.nilable and right.nilable):
            return True
        if (left.name, right.name) in self.registry.values:
            return True
        if _is_struct(left) and _is_struct(right):
            return self._loses_type_meta(left, right) or self._pair_differs(left.name, right.name, assumed)
        if left.element is not None and right.element is not None:
            return self._refs_differ(left.element, right.element, assumed)
        return False

    def _loses_type_meta(self, left: TypeRef, right: TypeRef) -> bool:
        """An object within an object: where it has a hub type its `kind` and `apiVersion` are not converted, and go."""
        return left.form == "struct" and left.name != right.name and self.catalog.struct(left.name).has_type_meta

    # ---- compiling

    def _apply(self, source: str, target: str) -> Apply:
        pair = (source, target)
        found = self._applies.get(pair)
        if found is None:
            self._applies[pair] = lambda obj, scope: self._applies[pair](obj, scope)  # for types within themselves
            structural = self._structural(source, target)
            rule = self.registry.conversions.get(pair)
            if rule is None:
                found = structural
            else:
                ported = rule

                def found(obj: Any, scope: Scope) -> None:
                    ported(obj, lambda inner: structural(inner, scope), scope)

            self._applies[pair] = found
        return found

    def _structural(self, source: str, target: str) -> Apply:
        """What upstream generates: fields of equal Go name, dropped where the other side has none."""
        left, right = fields_by_go_name(self.catalog.struct(source)), fields_by_go_name(self.catalog.struct(target))
        drops = self._drops(left, right, to_hub=".internal." in target)
        renames = [
            (left[go].json, right[go].json)
            for go in left
            if go in right and not left[go].inline and left[go].json != right[go].json
        ]
        steps = [step for go in left if go in right for step in self._field_steps(left[go], right[go])]

        def run(obj: Any, scope: Scope) -> None:
            for name in drops:
                obj.pop(name, None)
            if renames:
                moved = [(new, obj.pop(old)) for old, new in renames if old in obj]
                obj.update(moved)
            for step in steps:
                step(obj, scope)

        return run

    def _drops(self, left: dict[str, Field], right: dict[str, Field], *, to_hub: bool) -> list[str]:
        """
        The members that one side has and the other does not.

        A release whose own hub is not known has that of the nearest exact one instead. What its types call otherwise
        (a Probe's `Handler`, of 1.22, is now `ProbeHandler`), or have beyond that hub (a Service's `topologyKeys`), its
        server carried through: so it stays in the hub's dict, and what has a place of the same name keeps it.
        """
        names = [name for go in left if go not in right for name in self._members(left[go])]
        if self.catalog.release.exact:
            return names
        if to_hub:
            return []
        kept = {name for field in right.values() for name in self._members(field)}
        return [name for name in names if name not in kept]

    def _members(self, field: Field) -> list[str]:
        """The names that a field has in the object's dict."""
        if not field.inline:
            return [field.json]
        return [name for inner in self.catalog.struct(field.type.name).fields for name in self._members(inner)]

    def _field_steps(self, left: Field, right: Field) -> list[Apply]:
        """What is to be done to one member, after it has its new name."""
        name = right.json
        steps: list[Apply] = []
        filled = (right.type.pointer != left.type.pointer and not left.type.nilable) or (
            right.type.pointer and not left.type.pointer
        )
        if filled and not left.inline:
            # a plain value and a pointer to it: unset and zero are the same on one side only
            steps.append(self._fill(name, TypeRef(right.type.form, False, right.type.name, right.type.element)))
        value = self._value(left.type, right.type)
        if value is not None:
            steps.append(value if left.inline or right.inline else self._at(name, left.type, value))
        convert = self.registry.values.get((left.type.name, right.type.name))
        if convert is not None:
            steps.append(_replace(name, convert))
        return steps

    def _fill(self, name: str, ref: TypeRef) -> Apply:
        def fill(obj: Any, _scope: Scope) -> None:
            if obj.get(name) is None:
                obj[name] = {} if ref.form == "struct" else zero_value(self.catalog, ref)

        return fill

    def _at(self, name: str, ref: TypeRef, value: Apply) -> Apply:
        """Convert the member's value; a struct that is no pointer is there even when the dict lacks it."""
        present = ref.form == "struct" and not ref.pointer

        def at(obj: Any, scope: Scope) -> None:
            found = obj.get(name)
            if found is None:
                if not present:
                    return
                found = obj[name] = {}
            value(found, scope)

        return at

    def _value(self, left: TypeRef, right: TypeRef) -> Apply | None:
        """The function that converts a value in place, or None when there is nothing to do."""
        if not self._refs_differ(left, right, set()):
            return None
        if left.form == "union" and right.form == "union":
            return self._union(left, right)
        if _is_struct(left) and _is_struct(right):
            return self._struct(left, right)
        if left.element is None or right.element is None:
            return None
        inner = self._value(left.element, right.element)
        convert = self.registry.values.get((left.element.name, right.element.name))
        if left.form == "map":
            return _each_of_map(inner, convert)
        return _each_of_list(inner, convert)

    def _struct(self, left: TypeRef, right: TypeRef) -> Apply | None:
        convert = self._apply(left.name, right.name) if self.differ(left.name, right.name) else None
        if not self._loses_type_meta(left, right):
            return convert

        def without_type_meta(obj: Any, scope: Scope) -> None:
            obj.pop("kind", None)
            obj.pop("apiVersion", None)
            if convert is not None:
                convert(obj, scope)

        return without_type_meta

    def _union(self, left: TypeRef, right: TypeRef) -> Apply | None:
        """One of two things: the schemas in it are converted, whichever it is."""
        schema = self._value(
            fields_by_go_name(self.catalog.struct(left.name))["Schema"].type,
            fields_by_go_name(self.catalog.struct(right.name))["Schema"].type,
        )
        if schema is None:
            return None

        def each(value: Any, scope: Scope) -> None:
            for held in schemas_in(value):
                schema(held, scope)

        return each


def _is_struct(ref: TypeRef) -> bool:
    return ref.form in ("struct", "union")


def fields_by_go_name(struct: StructType) -> dict[str, Field]:
    """The fields by Go name, without the type's own `kind` and `apiVersion`, which no conversion copies."""
    return {field.go: field for field in struct.fields if field.type.name != "meta.v1.TypeMeta"}


def _replace(name: str, convert: Callable[[Any], Any]) -> Apply:
    def replace(obj: Any, _scope: Scope) -> None:
        if name in obj:
            obj[name] = convert(obj[name])

    return replace


def _each_of_list(inner: Apply | None, convert: Callable[[Any], Any] | None) -> Apply | None:
    if convert is not None:
        replaced = convert

        def replace(values: Any, _scope: Scope) -> None:
            values[:] = [replaced(value) for value in values]

        return replace
    if inner is None:
        return None

    def each(values: Any, scope: Scope) -> None:
        for value in values:
            inner(value, scope)

    return each


def _each_of_map(inner: Apply | None, convert: Callable[[Any], Any] | None) -> Apply | None:
    if convert is not None:
        replaced = convert

        def replace(values: Any, _scope: Scope) -> None:
            for name in values:
                values[name] = replaced(values[name])

        return replace
    if inner is None:
        return None

    def each(values: Any, scope: Scope) -> None:
        for value in values.values():
            inner(value, scope)

    return each
