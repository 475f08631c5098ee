"""
What a stored type is: its fields in Go's order, their names in JSON, their numbers on the wire.

Knows how the tables spell a type; does not know where the tables are (`loader.py`) or what is done with them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

INTEGERS = frozenset({"int", "int32", "int64", "uint8", "uint32", "uint64", "int16", "uint16"})
PLAIN = INTEGERS | {"string", "bool", "float64", "bytes"}
"""Types that are what they are in JSON, but for bytes, which are base64 there."""
SPECIAL = frozenset(
    {"Quantity", "Time", "MicroTime", "Duration", "IntOrString", "RawExtension", "FieldsV1", "JSON", "any"}
)
"""Types with a notation of their own in JSON, and on the wire a message of their own."""
RAW = frozenset({"RawExtension", "FieldsV1", "JSON"})
"""Types that hold raw JSON text."""
UNIONS = frozenset({"JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray"})
"""Structs of apiextensions that are one of two things in JSON, by the last part of their name."""


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A type as a field names it: `*int32`, `[]core.v1.Container`, `map[string]Quantity`."""

    form: str
    """`plain`, `special`, `struct`, `union`, `list`, `map` or `items` (a list that is a message of its own)."""
    pointer: bool = False
    """True for a Go pointer: unset is not the same as zero."""
    name: str = ""
    """The name of a plain, special, struct or union type."""
    element: TypeRef | None = None
    """What a list, map or items list holds."""
    alias: str = ""
    """The Go name of a named list or map, where it matters: `core.v1.ResourceList` has a default of its own."""

    @property
    def nilable(self) -> bool:
        """Whether Go can tell unset from empty: pointers, slices and maps."""
        return self.pointer or self.form in ("list", "map", "items") or self.name in ("bytes", "any")

    @property
    def set_though_null(self) -> bool:
        """Whether null in a dict can be a pointer that is set: to a zero time, or to a union that is neither thing."""
        return self.pointer and self.form in ("special", "union")

    @property
    def named(self) -> str:
        """The Go name that rules know the type by."""
        return self.alias or self.name

    def __str__(self) -> str:
        star = "*" if self.pointer else ""
        return f"{star}{_PREFIX.get(self.form, '')}{self.element or self.name}"


_PREFIX = {"list": "[]", "map": "map[string]", "items": "items[]"}


@cache
def parse_type(text: str) -> TypeRef:
    """Read a type as the tables spell it; the grammar is in `tables/README.md`."""
    if text.startswith("*"):
        inner = parse_type(text[1:])
        return replace(inner, pointer=True)
    if "@" in text:
        shown, _, alias = text.partition("@")
        return replace(parse_type(shown), alias=alias)
    if text.startswith("items[]"):
        return TypeRef("items", element=parse_type(text[7:]))
    if text.startswith("[]"):
        return TypeRef("list", element=parse_type(text[2:]))
    if text.startswith("map["):
        return TypeRef("map", element=parse_type(text[text.index("]") + 1 :]))
    if text in PLAIN:
        return TypeRef("plain", name=text)
    if text in SPECIAL:
        return TypeRef("special", name=text)
    return TypeRef("union" if text.rpartition(".")[2] in UNIONS else "struct", name=text)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct, as one release has it."""

    go: str
    """The Go name: by it a field finds its peer in another version."""
    json: str
    """
    The name in JSON; for an internal type, the name in the hub's dict; empty for an inline struct, and the Go name for
    the parts of a union.
    """
    type: TypeRef
    number: int = 0
    """The protobuf field number, 0 where the type has no protobuf form."""
    omitempty: bool = False
    omitzero: bool = False
    inline: bool = False
    """True for a struct whose fields stand among its owner's in JSON."""
    default: Any = None
    """The value of a `+default=` marker, as JSON, or None."""
    merge_key: str = ""
    """The key by which elements of a list are matched (`patchMergeKey`)."""


@dataclass(frozen=True, slots=True)
class StructType:
    """A struct, its fields in Go's order."""

    name: str
    fields: tuple[Field, ...]
    elsewhere: tuple[Field, ...] = ()
    """Fields with protobuf numbers that only other releases have."""

    @property
    def has_type_meta(self) -> bool:
        """Whether the struct is an API object, with `kind` and `apiVersion` of its own."""
        return any(field.inline and field.type.name == "meta.v1.TypeMeta" for field in self.fields)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind in one version: the type that it is stored as, and the hub that it converts through."""

    group: str
    version: str
    kind: str
    type: str
    hub: str
    """The internal type, or empty where no release at hand has one."""
    introduced: str = ""
    deprecated: str = ""
    removed: str = ""
    replacement: str = ""
    """What takes its place, as `apps/v1 Deployment`."""
