"""
A struct as JSON sees it: its fields with the inline ones spread out, their order, and what is always written.

Derived from the catalog, computed once per type; the readers and writers of both serializations share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kstore.catalog.loader import Catalog
from kstore.catalog.types import INTEGERS, Field, StructType, TypeRef

UNKNOWN = "$unknownFields"
"""The member that keeps protobuf fields the catalog does not know: base64 of their bytes."""


def unknown_member(inline_path: str = "") -> str:
    """The member's name for a message, or for an inline struct that has a message of its own within its owner."""
    return f"{UNKNOWN}/{inline_path}" if inline_path else UNKNOWN


def emits_always(field: Field) -> bool:
    """
    Whether Go's encoding/json writes the field even when it is zero.

    `omitempty` says nothing of a struct; `omitzero` does.
    """
    if field.omitzero:
        return False
    return not field.omitempty or (field.type.form in ("struct", "special", "union") and not field.type.nilable)


@dataclass(frozen=True)
class Layout:
    """The JSON side of one struct."""

    struct: StructType
    catalog: Catalog

    @cached_property
    def members(self) -> dict[str, Field]:
        """The fields by JSON name, inline ones spread out, in the order in which Go writes them."""
        found: dict[str, Field] = {}
        for field in self.struct.fields:
            if field.inline and field.type.form == "struct":
                for name, inner in layout(self.catalog, field.type.name).members.items():
                    found.setdefault(name, inner)
            elif field.json and field.json != "-":
                found[field.json] = field
        return found

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The members' names in Go's order, and last what the catalog does not know."""
        return (*self.members, *self.unknown_members)

    @cached_property
    def places(self) -> dict[str, int]:
        """The members' places in Go's order."""
        return {name: place for place, name in enumerate(self.members)}

    @cached_property
    def unknown_members(self) -> tuple[str, ...]:
        """The names under which unknown protobuf fields are kept in this struct's dict."""
        return tuple(unknown_member(path) for path in self._inline_paths())

    def _inline_paths(self) -> list[str]:
        paths = [""]
        for field in self.struct.fields:
            if field.inline and field.number:
                inner = layout(self.catalog, field.type.name)._inline_paths()
                paths += [f"{field.go}/{path}".rstrip("/") for path in inner]
        return paths

    @cached_property
    def always(self) -> tuple[str, ...]:
        """The members that JSON always has, but for `kind` and `apiVersion`."""
        return tuple(name for name, field in self.members.items() if emits_always(field))

    @cached_property
    def structs(self) -> tuple[str, ...]:
        """The members that are structs and no pointers: Go always has them, so a dict that rules work on has, too."""
        return tuple(
            name for name, field in self.members.items() if field.type.form == "struct" and not field.type.pointer
        )

    def ordered(self, members: dict[str, Any]) -> dict[str, Any]:
        """The same members in Go's order; what is not known comes last."""
        found = {name: members[name] for name in self.order if name in members}
        if len(found) != len(members):
            found.update((name, value) for name, value in members.items() if name not in found)
        return found

    def complete(self, members: dict[str, Any]) -> None:
        """Add the members that JSON always has and these lack, as zero."""
        self.fill(members, self.always)

    def complete_structs(self, members: dict[str, Any]) -> None:
        """Add the structs that Go always has and these lack."""
        self.fill(members, self.structs)

    def fill(self, members: dict[str, Any], names: tuple[str, ...]) -> None:
        """Add those of these members that are missing, as zero."""
        for name in names:
            if name not in members:
                members[name] = zero_value(self.catalog, self.members[name].type)

    def is_zero(self, members: dict[str, Any]) -> bool:
        """Whether a struct is Go's zero value (`omitzero`)."""
        return all(
            name in self.members and is_zero(self.catalog, self.members[name].type, value)
            for name, value in members.items()
        )


_PLAIN_ZERO: dict[str, Any] = {"string": "", "bool": False, "float64": 0, "bytes": None, "any": None}
_SPECIAL_ZERO: dict[str, Any] = {"Duration": "0s", "IntOrString": 0, "Quantity": "0"}


def zero_value(catalog: Catalog, ref: TypeRef) -> Any:
    """The zero value of a type as JSON has it; a new one each time."""
    if ref.nilable:
        return None
    if ref.form == "struct":
        value: dict[str, Any] = {}
        shape = layout(catalog, ref.name)
        shape.complete(value)
        shape.complete_structs(value)
        return value
    if ref.name in INTEGERS:
        return 0
    return _PLAIN_ZERO.get(ref.name, _SPECIAL_ZERO.get(ref.name))


def is_zero(catalog: Catalog, ref: TypeRef, value: Any) -> bool:
    """Whether a value is Go's zero value of its type."""
    if value is None:
        return not ref.set_though_null
    if ref.nilable:
        return False
    if ref.form == "struct":
        return layout(catalog, ref.name).is_zero(value)
    if ref.form == "union":
        return value is None
    return bool(value == zero_value(catalog, ref))


def layout(catalog: Catalog, name: str) -> Layout:
    """The layout of a struct, computed on first use and kept with the catalog."""
    found = catalog.layouts.get(name)
    if found is None:
        found = catalog.layouts[name] = Layout(catalog.struct(name), catalog)
    assert isinstance(found, Layout)
    return found
