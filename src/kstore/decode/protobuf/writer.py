"""
The dict that the API would serve into protobuf bytes as gogo lays them out: a function per type, from the catalog.

gogo's layout: fields in ascending number; what is not a pointer always written, zero or not, nested messages too;
maps sorted by key; unset pointers, nil slices and nil maps left out.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from kstore import wire
from kstore.catalog.json_layout import layout, unknown_member
from kstore.catalog.loader import Catalog
from kstore.catalog.types import INTEGERS, Field, TypeRef
from kstore.decode.protobuf import special
from kstore.decode.protobuf.codegen import function_name
from kstore.decode.protobuf.generated import compiled
from kstore.decode.unions import unfold
from kstore.errors import EncodeError
from kstore.scalars import binary

Write = Callable[[dict[str, Any]], bytes]

_EMPTY: dict[str, Any] = {}


class ProtobufWriter:
    """Writes the types of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._compiled: set[str] = set()
        self._scope: dict[str, Any] = {
            "varint": wire.varint,
            "length": lru_cache(maxsize=16384)(wire.varint),
            "unbase64": binary.write_base64,
            "double": struct.Struct("<d").pack,
            "EMPTY": _EMPTY,
            "merge_unknown": _merge_unknown,
            "items": _write_items,
            "unfold": unfold,
        }
        for name, function in special.WRITERS.items():
            self._scope[f"write_{name}"] = function

    def write(self, type_name: str, members: dict[str, Any]) -> bytes:
        """
        The message of the type that a dict makes.

        Raises:
            EncodeError: a value that its field cannot hold; with the field path.
        """
        try:
            return self._whole(type_name)(members)
        except (
            wire.WireFault,
            TypeError,
            ValueError,
            AttributeError,
            KeyError,
            IndexError,
            struct.error,
            RecursionError,
        ) as error:
            from kstore.decode.json.typed_json import TypedJson

            TypedJson(self.catalog).check(type_name, members)  # says where, if the object is at fault
            raise EncodeError(f"a {type_name} cannot be written: {error}") from error

    def _whole(self, type_name: str) -> Write:
        """The function for a whole object; a type without numbers would come out empty."""
        if function_name("write", type_name) not in self._compiled and not any(
            field.number for field in self.catalog.struct(type_name).fields
        ):
            raise EncodeError(f"{type_name} has no protobuf form: its server stores JSON")
        return self._function(type_name)

    def _function(self, type_name: str, inline: str = "") -> Write:
        """The function that writes a type, compiled on first use."""
        name = function_name("write", type_name, inline)
        if name not in self._compiled:
            source = _Source(self.catalog, type_name, inline, self._scope)
            code = compiled(source.text(), f"writer {'.'.join(filter(None, (type_name, inline)))}")
            for needed, path in source.needs:
                self._scope.setdefault(function_name("write", needed, path), self._stand_in(needed, path))
            exec(code, self._scope)  # noqa: S102 - generated from our own tables
            self._compiled.add(name)
        function: Write = self._scope[name]
        return function

    def _stand_in(self, type_name: str, inline: str) -> Write:
        """A function that compiles the type's own, which takes its place, when it is first called."""
        return lambda members: self._function(type_name, inline)(members)


def _merge_unknown(known: bytes, kept: str) -> bytes:
    """
    Put fields of unknown number back among the known ones, in ascending order.

    Among themselves they stay in the order that they came in, even where that is not ascending.
    """
    parts: list[tuple[int, bytes]] = []
    for content in (known, binary.write_base64(kept)):
        i = highest = 0
        while i < len(content):
            number, after = wire.skip_field(content, i, len(content))
            highest = max(highest, number)
            parts.append((highest, content[i:after]))
            i = after
    return b"".join(part for _, part in sorted(parts, key=lambda part: part[0]))


def _write_items(values: list[str] | None) -> bytes:
    """A list that is a message of its own (`ExtraValue`)."""
    return b"".join(wire.delimited(1, value.encode()) for value in values or ())


class _Source:
    """The text of the function that writes one type."""

    def __init__(self, catalog: Catalog, type_name: str, inline: str, scope: dict[str, Any]) -> None:
        self.catalog = catalog
        self.type_name = type_name
        self.inline = inline
        self.scope = scope
        self.needs: list[tuple[str, str]] = []
        self.lines: list[str] = []

    def emit(self, depth: int, *lines: str) -> None:
        self.lines += [" " * depth + line for line in lines]

    def text(self) -> str:
        fields = layout(self.catalog, self.type_name).struct.fields
        self.emit(0, f"def {function_name('write', self.type_name, self.inline)}(d):")
        self.emit(1, "a = []", "add = a.append")
        for field in sorted((f for f in fields if f.number), key=lambda f: f.number):
            self._field(field)
        member = unknown_member(self.inline)
        self.emit(1, f"if {member!r} in d: return merge_unknown(b''.join(a), d[{member!r}])")
        self.emit(1, "return b''.join(a)")
        return "\n".join(self.lines)

    def _field(self, field: Field) -> None:
        ref = field.type
        name = field.json
        if field.inline:
            path = f"{self.inline}/{field.go}".lstrip("/")
            self.needs.append((ref.name, path))
            self._delimited(1, field.number, f"{function_name('write', ref.name, path)}(d)")
        elif ref.form == "list":
            # most members are not there: to ask that is quicker than to get them
            self.emit(1, f"if {name!r} in d:", f" for v in d[{name!r}] or ():")
            self._value(3, field.number, _not_pointer(ref.element))
        elif ref.form == "map":
            self._map(field)
        elif ref.set_though_null:
            self.emit(1, f"if {name!r} in d:", f" v = d[{name!r}]")
            self._value(2, field.number, ref)
        elif ref.nilable:
            self.emit(1, f"if {name!r} in d:", f" v = d[{name!r}]", " if v is not None:")
            self._value(3, field.number, ref)
        elif ref.name == "string":  # mostly empty, and written all the same
            empty = wire.delimited(field.number, b"")
            self.emit(1, f"v = d[{name!r}] if {name!r} in d else None", f"if not v: add({empty!r})", "else:")
            self._delimited(2, field.number, "v.encode()")
        else:
            self.emit(1, f"v = d[{name!r}] if {name!r} in d else None")
            self._value(1, field.number, ref)

    def _value(self, depth: int, number: int, ref: TypeRef) -> None:
        """Add the value `v`, unset being zero."""
        if ref.form == "plain" and (ref.name in INTEGERS or ref.name == "bool"):
            head = wire.tag(number, wire.VARINT)
            if ref.name == "bool":
                true, false = head + b"\1", head + b"\0"
                self.emit(depth, f"add({true!r} if v else {false!r})")
            else:
                self.emit(depth, "v = v or 0", f"add({self._heads(head)}[v] if 0 <= v < 128 else {head!r} + varint(v))")
        elif ref.name == "float64":
            self.emit(depth, f"add({wire.tag(number, wire.FIXED64)!r} + double(0 if v is None else v))")
        else:
            self._delimited(depth, number, self._content(ref))

    def _content(self, ref: TypeRef) -> str:
        """The expression for the bytes of the value `v`."""
        if ref.form == "struct":
            self.needs.append((ref.name, ""))
            return f"{function_name('write', ref.name)}(v or EMPTY)"
        if ref.form == "union":
            self.needs.append((ref.name, ""))
            return f"{function_name('write', ref.name)}(unfold({ref.name!r}, v))"
        if ref.form == "special":
            return f"write_{ref.name}(v)"
        if ref.form == "items":
            return "items(v)"
        return "unbase64(v or '')" if ref.name == "bytes" else "(v or '').encode()"

    def _delimited(self, depth: int, number: int, content: str) -> None:
        head = wire.tag(number, wire.BYTES)
        self.emit(depth, f"x = {content}", "n = len(x)", f"add({self._headed(head)})")

    def _headed(self, head: bytes) -> str:
        """The expression for the `n` bytes `x` behind a tag and their length."""
        return f"{self._heads(head)}[n] + x if n < 128 else {head!r} + length(n) + x"

    def _heads(self, head: bytes) -> str:
        """The name of a table: a tag with each number of one byte behind it, which nearly all lengths are."""
        name = f"heads_{head.hex()}"
        if name not in self.scope:
            self.scope[name] = [head + one for one in wire.ONE_BYTE]
        return name

    def _map(self, field: Field) -> None:
        element = field.type.element
        assert element is not None
        self.emit(1, f"if {field.json!r} in d:", f" m = d[{field.json!r}] or EMPTY")
        self.emit(2, "for K in sorted(m):", " v = m[K]")
        self.emit(3, "x = K.encode()", "n = len(x)", f"entry = {self._headed(wire.tag(1, wire.BYTES))}")
        if element.form == "plain" and element.name in INTEGERS:
            self.emit(3, "entry += b'\\x10' + varint(v or 0)")
        elif element.name == "bool":
            self.emit(3, "entry += b'\\x10\\x01' if v else b'\\x10\\x00'")
        else:
            depth = 3
            if element.name == "bytes":
                # a nil value, null in JSON, is left out
                self.emit(3, "if v is not None:")
                depth = 4
            self.emit(depth, f"x = {self._content(element)}", "n = len(x)")
            self.emit(depth, f"entry += {self._headed(wire.tag(2, wire.BYTES))}")
        self._delimited(3, field.number, "entry")


def _not_pointer(ref: TypeRef | None) -> TypeRef:
    """The type of a list's element, which is always written."""
    assert ref is not None
    return TypeRef(ref.form, False, ref.name, ref.element)
