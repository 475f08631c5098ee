"""
Protobuf bytes into the dict that the API would serve: a function per type, written from the catalog on first use.

gogo writes fields in ascending order, so a type's function is a run of `if tag ==` blocks in that order, with a loop
around it for whatever comes otherwise. Bounds are checked by one comparison at each message's end: positions only
grow, so a field that runs over its message is noticed there. On any failure `protobuf_fault` reads the value again,
slowly, to say where it is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kstore.catalog.layout import Layout, emits_always, layout, unknown_member
from kstore.catalog.loader import Catalog
from kstore.catalog.types import INTEGERS, Field, TypeRef
from kstore.decode import wire
from kstore.decode.go_json import Number
from kstore.decode.unions import fold
from kstore.errors import DecodeError

Read = Callable[[bytes, int, int, dict[str, Any]], dict[str, Any]]

_MOST_COPIED = 1 << 24
"""Bytes that may be copied while the unknown fields of one value are gathered."""


class ProtobufReader:
    """
    Reads the types of one catalog.

    Args:
        catalog: the types of a release.
        as_json: read into what Go's JSON has: what it always writes is there, what it leaves out is not. Else read
            into what Go holds, for rules to work on: every struct that is no pointer is there, empty byte strings are
            kept (Go holds them as empty, not unset, and writes them to protobuf again).
    """

    def __init__(self, catalog: Catalog, *, as_json: bool = True) -> None:
        self.catalog = catalog
        self.as_json = as_json
        self.unknown_seen = 0
        """Grows whenever fields were kept that the catalog does not know."""
        self._copied = 0
        self._compiled: set[str] = set()
        self._scope: dict[str, Any] = {
            "varint": wire.read_varint,
            "signed": wire.signed,
            "signed32": wire.signed32,
            "base64": wire.read_base64,
            "Fault": wire.WireFault,
            "keep_unknown": self._keep_unknown,
            "unpack": _unpack_double,
            "fold": fold,
            "sort_maps": _sort_maps,
        }
        for name, function in wire.READERS.items():
            self._scope[f"read_{name}"] = function

    def read(self, type_name: str, data: bytes, start: dict[str, Any] | None = None) -> dict[str, Any]:
        """
        Read a message of the type into a dict, members in Go's order.

        Args:
            type_name: such as `apps.v1.Deployment`.
            data: the message's bytes.
            start: members to begin with (`kind` and `apiVersion`).

        Raises:
            DecodeError: the bytes are no such message; with byte offset and field path.
        """
        self._copied = 0
        try:
            return self._function(type_name)(data, 0, len(data), dict(start or {}))
        except (wire.WireFault, IndexError, ValueError, RecursionError) as error:
            from kstore.decode.protobuf_fault import locate

            raise locate(self.catalog, type_name, data, error) from None

    def read_metadata(self, data: bytes, start: dict[str, Any] | None = None) -> dict[str, Any]:
        """
        Read only `metadata`, which is field 1 of every stored type, and pass over the rest.

        Raises:
            DecodeError: the bytes do not begin with metadata.
        """
        found = dict(start or {})
        try:
            if data[:1] == b"\x0a":
                length, begin = wire.read_varint(data, 1)
                if begin + length > len(data):
                    raise wire.WireFault("the metadata is longer than its object")
                found["metadata"] = self._function("meta.v1.ObjectMeta")(data, begin, begin + length, {})
            return found
        except (wire.WireFault, IndexError, ValueError, RecursionError) as error:
            raise DecodeError(f"the metadata cannot be read: {error}") from None

    def _keep_unknown(self, b: bytes, i: int, end: int, members: dict[str, Any], numbers: Any, member: str) -> int:
        """Keep the unknown fields that begin at `i` in the dict, up to a known one; return where they end."""
        begin = i
        while i < end:
            number, after = wire.skip_field(b, i, end)
            if number in numbers:
                break
            i = after
        if i == begin:
            raise wire.WireFault("a field of the wrong wire type")
        kept = wire.write_base64(members.get(member, "")) + b[begin:i]
        # a server writes its new fields together; strewn between known ones they would be copied again and again
        self._copied += len(kept)
        if self._copied > _MOST_COPIED:
            raise wire.WireFault("unknown fields are strewn over the message")
        members[member] = wire.read_base64(kept)
        self.unknown_seen += 1
        return i

    def _function(self, type_name: str, inline: str = "") -> Read:
        """The function that reads a type, compiled on first use."""
        name = function_name("read", type_name, inline)
        if name not in self._compiled:
            source = _Source(self.catalog, type_name, inline, self.as_json, self._scope)
            code = compile(source.text(), f"<{name}>", "exec")
            for needed, path in source.needs:
                self._scope.setdefault(function_name("read", needed, path), self._stand_in(needed, path))
            exec(code, self._scope)  # noqa: S102 - generated from our own tables
            self._compiled.add(name)
        function: Read = self._scope[name]
        return function

    def _stand_in(self, type_name: str, inline: str) -> Read:
        """A function that compiles the type's own, which takes its place, when it is first called."""
        return lambda b, i, e, d: self._function(type_name, inline)(b, i, e, d)


def function_name(verb: str, type_name: str, inline: str = "") -> str:
    """The name of a generated function."""
    return f"{verb}_{type_name}_{inline}".replace(".", "_").replace("/", "_").rstrip("_")


def _unpack_double(b: bytes, i: int) -> float:
    import struct

    return Number(struct.unpack_from("<d", b, i)[0])


class _Source:
    """The text of the function that reads one type."""

    def __init__(self, catalog: Catalog, type_name: str, inline: str, as_json: bool, scope: dict[str, Any]) -> None:
        self.catalog = catalog
        self.layout: Layout = layout(catalog, type_name)
        self.type_name = type_name
        self.inline = inline
        self.as_json = as_json
        self.scope = scope
        self.needs: list[tuple[str, str]] = []
        self.lines: list[str] = []

    def emit(self, depth: int, *lines: str) -> None:
        self.lines += [" " * depth + line for line in lines]

    def text(self) -> str:
        numbered = sorted((f for f in self.layout.struct.fields if f.number), key=lambda f: f.number)
        numbers = f"numbers_{function_name('', self.type_name)}"
        self.scope[numbers] = frozenset(field.number for field in numbered)
        self.emit(0, f"def {function_name('read', self.type_name, self.inline)}(b, i, e, d):")
        self.emit(1, "late = -1", *(["mixed = False"] if self._maps(numbered) else []), "while i < e:")
        self.emit(2, "late += 1", "s = i", "t = b[i]", "if t > 127: t |= b[i + 1] << 8")
        ranks = {name: rank for rank, name in enumerate(self.layout.order)}
        highest = -1
        for field in numbered:
            members = self._members_of(field)
            lowest = min((ranks[name] for name in members), default=highest)
            self._block(field, late=lowest < highest or self._disordered(field))
            highest = max([highest, *(ranks[name] for name in members)])
        member = unknown_member(self.inline)
        self.emit(2, f"if i == s: i = keep_unknown(b, i, e, d, {numbers}, {member!r})")
        self.emit(1, "if i != e: raise Fault('a field is longer than its message')")
        if self._maps(numbered):
            self.emit(1, f"if mixed: sort_maps(d, {self._maps(numbered)!r})")
        if not self.inline:
            self._ending()
        self.emit(1, "return d")
        return "\n".join(self.lines)

    def _maps(self, fields: list[Field]) -> list[str]:
        """The members that are maps: gogo writes their keys sorted, and Go's JSON always does."""
        return [field.json for field in fields if field.type.form == "map"]

    def _members_of(self, field: Field) -> list[str]:
        if field.inline:
            return list(layout(self.catalog, field.type.name).members)
        return [field.json]

    def _disordered(self, field: Field) -> bool:
        """Whether an inline struct's own numbers are not in the order of its members."""
        if not field.inline:
            return False
        inner = [f for f in layout(self.catalog, field.type.name).struct.fields if f.number]
        return inner != sorted(inner, key=lambda f: f.number) or any(f.inline for f in inner)

    def _ending(self) -> None:
        """After the last field: what JSON always has is there, and in order."""
        own = function_name("layout", self.type_name)
        self.scope[own] = self.layout
        needed, fill = (self.layout.always, "complete") if self.as_json else (self.layout.structs, "complete_structs")
        if needed:
            self.emit(1, "if not (" + " and ".join(f"{name!r} in d" for name in needed) + "):")
            self.emit(2, f"{own}.{fill}(d)", "late = 1")
        self.emit(1, f"if late > 0: d = {own}.ordered(d)")

    def _next(self, depth: int, late: bool = False) -> None:
        """Go on to the next tag, or leave the loop at the message's end; `late` members are put in order there."""
        if late:
            self.emit(depth, "late = 1")
        self.emit(depth, "if i == e: break", "t = b[i]", "if t > 127: t |= b[i + 1] << 8")

    def _length(self, depth: int, width: int) -> None:
        """Read a varint behind a tag of `width` bytes into `n`."""
        self.emit(depth, f"n = b[i + {width}]", f"i += {width + 1}", "if n > 127:")
        # two bytes are the usual case, worth doing here
        self.emit(depth + 1, "n += (b[i] << 7) - 128", "i += 1", "if n > 16383: n, i = varint(b, i - 2)")

    def _block(self, field: Field, *, late: bool) -> None:
        form = field.type.form
        if form == "map":
            self._map(field, late)
        elif form == "list":
            self._list(field, late)
        elif field.inline:
            self._inline(field, late)
        else:
            self._single(field, late)

    def _open(self, field: Field, wire_type: int, keyword: str = "if", depth: int = 2) -> int:
        """Begin a block for the field's tag; return the tag's width."""
        key = field.number << 3 | wire_type
        width = 1 if key < 128 else 2
        shown = key if width == 1 else (key & 127 | 128) | (key >> 7) << 8
        self.emit(depth, f"{keyword} t == {shown}:")
        return width

    def _inline(self, field: Field, late: bool) -> None:
        path = f"{self.inline}/{field.go}".lstrip("/")
        self.needs.append((field.type.name, path))
        self._length(3, self._open(field, wire.BYTES))
        self.emit(3, f"{function_name('read', field.type.name, path)}(b, i, i + n, d)", "i += n")
        self._next(3, late)

    def _single(self, field: Field, late: bool) -> None:
        target = f"d[{field.json!r}]"
        ref = field.type
        if ref.name == "float64":
            width = self._open(field, wire.FIXED64)
            self.emit(3, f"{target} = unpack(b, i + {width})", f"i += {width + 8}")
        else:
            number = ref.form == "plain" and (ref.name in INTEGERS or ref.name == "bool")
            self._length(3, self._open(field, wire.VARINT if number else wire.BYTES))
            self._assign(field, target)
            if not number:
                self.emit(3, "i += n")
        self._next(3, late)

    def _assign(self, field: Field, target: str) -> None:
        """Set the member from what lies at `i`, unless Go's JSON leaves the zero value out."""
        ref = field.type
        value = self._value(ref, merge=f"d.get({field.json!r}) or {{}}")
        if emits_always(field) or ref.pointer or not (self.as_json or ref.form == "plain"):
            self.emit(3, f"{target} = {value}")
        elif ref.name == "bytes":
            self.emit(3, (f"if n: {target} = {value}" if self.as_json else f"{target} = {value}"))
        elif ref.form == "plain":
            self.emit(3, f"if n: {target} = {value}")
        else:
            zero = function_name("zero", self.type_name, field.go)
            self.scope[zero] = self._zero_check(ref)
            self.emit(3, f"v = {value}", f"if not {zero}(v): {target} = v")

    def _zero_check(self, ref: TypeRef) -> Callable[[Any], bool]:
        from kstore.catalog.layout import is_zero

        return lambda value: is_zero(self.catalog, ref, value)

    def _value(self, ref: TypeRef, merge: str = "{}") -> str:
        """The expression for a value: the varint `n`, or the `n` bytes at `i`."""
        if ref.form == "struct":
            self.needs.append((ref.name, ""))
            return f"{function_name('read', ref.name)}(b, i, i + n, {merge})"
        if ref.form == "union":
            self.needs.append((ref.name, ""))
            return f"fold({ref.name!r}, {function_name('read', ref.name)}(b, i, i + n, {{}}))"
        if ref.form == "special":
            return f"read_{ref.name}(b, i, i + n)"
        if ref.form == "items":
            assert ref.element is not None
            return self._items_reader(ref.element)
        simple = {"string": "b[i:i + n].decode()", "bytes": "base64(b[i:i + n])", "bool": "n != 0"}
        if ref.name in simple:
            return simple[ref.name]
        if ref.name == "int32":
            return "n if n < 0x80000000 else signed32(n)"
        return "n if n <= 0x7fffffffffffffff else signed(n)"

    def _items_reader(self, element: TypeRef) -> str:
        """A list that is a message of its own (`ExtraValue`): its elements are field 1."""
        assert element.name == "string", f"an items list of {element} is not known"
        self.scope["read_items"] = _read_items
        return "read_items(b, i, i + n)"

    def _list(self, field: Field, late: bool) -> None:
        element = field.type.element
        assert element is not None
        number = element.form == "plain" and (element.name in INTEGERS or element.name == "bool")
        self._open(field, wire.VARINT if number else wire.BYTES)
        self.emit(3, f"r = d.get({field.json!r})", f"if r is None: r = d[{field.json!r}] = []")
        width = self._open(field, wire.VARINT if number else wire.BYTES, "while", 3)
        self._length(4, width)
        self.emit(4, f"r.append({self._value(element)})")
        if not number:
            self.emit(4, "i += n")
        self._next(4)
        if late:
            self.emit(3, "late = 1")
        self.emit(3, "if i == e: break")
        if number:
            self._packed(field)

    def _packed(self, field: Field) -> None:
        """Numbers that came packed: Go reads them, though it never writes them."""
        self._length(3, self._open(field, wire.BYTES))
        self.emit(3, f"r = d.get({field.json!r})", f"if r is None: r = d[{field.json!r}] = []", "z = i + n")
        self.emit(3, "while i < z:")
        self.emit(4, "n, i = varint(b, i)", f"r.append({self._value(field.type.element or field.type)})")
        self._next(3, late=True)

    def _map(self, field: Field, late: bool) -> None:
        element = field.type.element
        assert element is not None
        number = element.form == "plain" and (element.name in INTEGERS or element.name == "bool")
        self._open(field, wire.BYTES)
        self.emit(3, f"m = d.get({field.json!r})", f"if m is None: m = d[{field.json!r}] = {{}}")
        self.emit(3, "P = next(reversed(m), '')")
        width = self._open(field, wire.BYTES, "while", 3)
        self._length(4, width)
        self.emit(4, "z = i + n", "K = ''", f"V = {self._empty(element)}", "while i < z:", " u = b[i]")
        self._length(5, 1)
        self.emit(5, "if u == 10: K = b[i:i + n].decode(); i += n")
        value_tag = 2 << 3 | (wire.VARINT if number else wire.BYTES)
        self.emit(5, f"elif u == {value_tag}: V = {self._value(element)}" + ("" if number else "; i += n"))
        self.emit(5, "else: raise Fault('a map entry has a key and a value only')")
        self.emit(4, "if i != z: raise Fault('a map entry is longer than it says')", "m[K] = V")
        self.emit(4, "if K < P: mixed = True", "P = K")
        self._next(4)
        if late:
            self.emit(3, "late = 1")
        self.emit(3, "if i == e: break")

    def _empty(self, ref: TypeRef) -> str:
        """What a map entry without a value holds, as an expression."""
        if ref.form == "struct":
            self.needs.append((ref.name, ""))
            return f"{function_name('read', ref.name)}(b, i, i, {{}})"
        if ref.form == "plain" and ref.name in INTEGERS:
            return "0"
        if ref.form == "items":
            return "[]"
        return {"string": "''", "bytes": "''", "bool": "False", "Quantity": "'0'"}.get(ref.name, "None")


def _sort_maps(members: dict[str, Any], names: list[str]) -> None:
    for name in names:
        if name in members:
            members[name] = dict(sorted(members[name].items()))


def _read_items(b: bytes, i: int, end: int) -> list[str]:
    """The strings of an items message, which Go sets even when there are none."""
    found = []
    for number, value in wire.fields(b, i, end):
        if number == 1:
            if not isinstance(value, bytes):
                raise wire.WireFault("a string was expected")
            found.append(value.decode())
    return found
