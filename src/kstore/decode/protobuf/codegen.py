"""
The text of the functions that read protobuf: Python source, from the catalog's types.

gogo writes fields in ascending order, so a type's function is a run of `if tag ==` blocks in that order, with a loop
around it for whatever comes otherwise. Bounds are checked by one comparison at each message's end: positions only
grow, so a field that runs over its message is noticed there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kstore import wire
from kstore.catalog.json_layout import Layout, emits_always, is_zero, layout, unknown_member, zero_value
from kstore.catalog.loader import Catalog
from kstore.catalog.types import INTEGERS, Field, TypeRef
from kstore.decode.projection import EVERYTHING, Projection

Part = tuple[str, str, Projection]
"""What one function reads: a type, the path by which it is inline in its owner (or empty), and what is wanted of it."""


def _unset(field: Field) -> bytes:
    """What gogo writes for a field that is not set and no pointer; empty where it writes nothing, or a message."""
    if field.type.form != "plain" or field.type.nilable:
        return b""
    if field.type.name == "float64":
        return wire.tag(field.number, wire.FIXED64) + bytes(8)
    return wire.tag(field.number, wire.BYTES if field.type.name == "string" else wire.VARINT) + b"\0"


def function_name(verb: str, type_name: str, inline: str = "") -> str:
    """The name of a generated function."""
    return f"{verb}_{type_name}_{inline}".replace(".", "_").replace("/", "_").rstrip("_")


class ReaderText:
    """
    The text of the function that reads one type.

    Args:
        catalog: the types.
        part: what it reads.
        name_of: the name of the function that reads a part.
        as_json: see `ProtobufReader`.
        scope: gets what the text names.
    """

    def __init__(
        self, catalog: Catalog, part: Part, name_of: Callable[[Part], str], as_json: bool, scope: dict[str, Any]
    ) -> None:
        self.catalog = catalog
        self.type_name, self.inline, self.projection = part
        self.layout: Layout = layout(catalog, self.type_name)
        self.name = name_of(part)
        self.name_of = name_of
        self.as_json = as_json
        self.orders = as_json or not self.projection.everything
        """Whether members and keys are put in the order of JSON, which rules and writers do without."""
        wide = any(field.number > 15 for field in self.layout.struct.fields)
        self.tag = ["t = b[i]", *(["if t > 127: t |= b[i + 1] << 8"] if wide else [])]
        """Read a tag, of two bytes where the type has fields of such numbers; a longer one is none of them."""
        self.scope = scope
        self.tags: set[int] = set()
        """The tags that are read, as `t` has them."""
        self.needs: list[Part] = []
        """The parts whose functions it calls."""
        self.lines: list[str] = []

    def emit(self, depth: int, *lines: str) -> None:
        """Add lines of source, indented by `depth`."""
        self.lines += [" " * depth + line for line in lines]

    def emit_order(self, depth: int, *lines: str) -> None:
        """Emit what only keeps track of the order, where it counts."""
        if self.orders:
            self.emit(depth, *lines)

    def text(self) -> str:
        """The function, which takes the bytes, where the message begins and ends, and the dict that it fills."""
        known = sorted((f for f in self.layout.struct.fields if f.number), key=lambda f: f.number)
        numbered = [field for field in known if self._is_wanted(field)]
        numbers = f"numbers_{self.name}"
        self.scope[numbers] = frozenset(field.number for field in numbered)
        self.emit(0, f"def {self.name}(b, i, e, d):")
        # `again`: a field may come that has come before, in this message or in one that it is merged with
        # `late`: members came in another order than that of JSON; a second round of the loop says so, unless it may
        # have been for what is passed over
        self.emit_order(1, "late = -1" if self.projection.everything else "late = p = 0")
        self.emit(1, "again = True if d else False")
        self.emit(1, *(["mixed = False"] if self._maps(numbered) else []), "while i < e:")
        self.emit_order(2, *(["late += 1"] if self.projection.everything else []))
        self.emit(2, "s = i", *self.tag)
        ranks = {name: rank for rank, name in enumerate(self.layout.order)}
        highest = -1
        for field in numbered:
            members = self._members_of(field)
            lowest = min((ranks[name] for name in members), default=highest)
            self._block(field, late=self.orders and (lowest < highest or self._disordered(field)))
            highest = max([highest, *(ranks[name] for name in members)])
        if self.projection.everything:
            member = unknown_member(self.inline)
            unset = f"unset_{self.name}"
            self.scope[unset] = frozenset(filter(None, map(_unset, self.layout.struct.elsewhere)))
            self.emit(2, f"if i == s: i = keep_unknown(b, i, e, d, {numbers}, {unset}, {member!r})")
        else:
            self._pass_over([field for field in known if field not in numbered], numbers)
        self.emit(2, "again = True")
        self.emit(1, "if i != e: raise Fault('a field is longer than its message')")
        if self._maps(numbered):
            self.emit(1, f"if mixed: sort_maps(d, {self._maps(numbered)!r})")
        if not self.inline:
            self._ending()
        self.emit(1, "return d")
        return "\n".join(self.lines)

    def _is_wanted(self, field: Field) -> bool:
        return any(name in self.projection for name in self._members_of(field))

    def _pass_over(self, unwanted: list[Field], numbers: str) -> None:
        """Pass over a run of what is not wanted: most of it messages and strings, whose lengths are before them."""
        wanted = f"wanted_{self.name}"
        self.scope[wanted] = frozenset(self.tags)
        self.emit(2, "if i == s:", f" while t not in {wanted}:")
        keyword = "if"
        for wire_type, width in ((wire.BYTES, 1), (wire.VARINT, 1), (wire.BYTES, 2)):
            tags = (field.number << 3 | wire_type for field in unwanted)
            shown = frozenset(_as_read(tag) for tag in tags if _width(tag) == width)
            if not shown:
                continue
            passed = f"passed_{wire_type}_{width}_{self.name}"
            self.scope[passed] = shown
            self.emit(4, f"{keyword} t in {passed}:")
            keyword = "elif"
            if wire_type == wire.BYTES:
                self._length(5, width)
                self.emit(5, "i += n")
            else:
                self.emit(5, "i += 1", "while b[i] > 127: i += 1", "i += 1")
        other = f"i = pass_over(b, i, e, {numbers})"
        self.emit(4, f"else: {other}" if keyword == "elif" else other, "if i >= e: break", *self.tag)

    def _maps(self, fields: list[Field]) -> list[str]:
        """The members that are maps to be sorted: gogo writes their keys so, and Go's JSON always does."""
        return [field.json for field in fields if self.orders and field.type.form == "map"]

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
        if not self.projection.everything:
            self._wanted_ending(own)
            return
        needed, fill = (self.layout.always, "complete") if self.as_json else (self.layout.structs, "complete_structs")
        if needed:
            self.emit(1, "if not (" + " and ".join(f"{name!r} in d" for name in needed) + "):")
            self.emit(2, f"{own}.{fill}(d)")
            self.emit_order(2, "late = 1")
        self.emit_order(1, f"if late > 0: d = {own}.ordered(d)")

    def _wanted_ending(self, own: str) -> None:
        """The same for the few members that are wanted."""
        for name in self.layout.always if self.as_json else self.layout.structs:
            if name in self.projection:
                self.emit(1, f"if {name!r} not in d: {own}.fill(d, ({name!r},)); late = 1")
        order = f"order_{self.name}"
        wanted = [name for name in self.layout.order if name in self.projection]
        self.scope[order] = [name for name in self.layout.order if name in ("kind", "apiVersion", *wanted)]
        if len(wanted) > 1:
            self.emit(1, f"if late: d = {{name: d[name] for name in {order} if name in d}}")

    def _next(self, depth: int, late: bool = False) -> None:
        """Go on to the next tag, or leave the loop at the message's end; `late` members are put in order there."""
        if late:
            self.emit(depth, "late = 1")
        self.emit(depth, "if i == e: break", *self.tag)

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
        width, shown = _width(key), _as_read(key)
        self.tags.add(shown)
        self.emit(depth, f"{keyword} t == {shown}:")
        if keyword == "if" and not self.projection.everything:
            self.emit(depth + 1, "if t < p: late = 1", "p = t")
        return width

    def _inline(self, field: Field, late: bool) -> None:
        path = f"{self.inline}/{field.go}".lstrip("/")
        reader = self._reader(field.type.name, self.projection, path)
        self._length(3, self._open(field, wire.BYTES))
        self.emit(3, f"{reader}(b, i, i + n, d)", "i += n")
        self._next(3, late)

    def _reader(self, type_name: str, projection: Projection = EVERYTHING, inline: str = "") -> str:
        """The name of the function that reads a part, which is needed then."""
        self.needs.append((type_name, inline, projection))
        return self.name_of(self.needs[-1])

    def _below(self, field: Field) -> Projection:
        """
        What is to be read of a field that is wanted: of structs, and lists of them, what is wanted below.

        A struct that is left out when it is zero is read whole, or it could not be told whether it is.
        """
        ref = field.type.element if field.type.form == "list" else field.type
        assert ref is not None
        whole = ref.form != "struct" or not (field.type.form == "list" or emits_always(field) or ref.pointer)
        return EVERYTHING if whole else self.projection.of_member(field.json)

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
        """
        Set the member from what is at `i`, unless Go's JSON leaves the zero value out.

        A zero that comes after another value takes its place; Go's own writers write a field once.
        """
        ref = field.type
        value = self._value(ref, merge=f"d.get({field.json!r}) or {{}}", below=self._below(field))
        if emits_always(field) or ref.pointer or not (self.as_json or ref.form == "plain"):
            self.emit(3, f"{target} = {value}")
            return
        if ref.name == "bytes" and not self.as_json:
            self.emit(3, f"{target} = {value}")
            return
        if ref.form == "plain":
            self.emit(3, f"if n: {target} = {value}")
        elif ref.form == "special" and not ref.set_though_null and zero_value(self.catalog, ref) is None:
            self.emit(3, f"v = {value}", f"if v is not None: {target} = v")
        else:
            zero = function_name("zero", self.type_name, field.go)
            self.scope[zero] = self._zero_check(ref)
            self.emit(3, f"v = {value}", f"if not {zero}(v): {target} = v")
        self.emit(3, f"elif again: d.pop({field.json!r}, None)")

    def _zero_check(self, ref: TypeRef) -> Callable[[Any], bool]:
        return lambda value: is_zero(self.catalog, ref, value)

    def _value(self, ref: TypeRef, merge: str = "{}", below: Projection = EVERYTHING) -> str:
        """The expression for a value: the varint `n`, or the `n` bytes at `i`."""
        if ref.form == "struct":
            return f"{self._reader(ref.name, below)}(b, i, i + n, {merge})"
        if ref.form == "union":
            return f"fold({ref.name!r}, {self._reader(ref.name)}(b, i, i + n, {{}}))"
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
        return "read_items(b, i, i + n)"

    def _list(self, field: Field, late: bool) -> None:
        element = field.type.element
        assert element is not None
        number = element.form == "plain" and (element.name in INTEGERS or element.name == "bool")
        self._open(field, wire.VARINT if number else wire.BYTES)
        self.emit(3, f"r = d.get({field.json!r})", f"if r is None: r = d[{field.json!r}] = []")
        width = self._open(field, wire.VARINT if number else wire.BYTES, "while", 3)
        self._length(4, width)
        self.emit(4, f"r.append({self._value(element, below=self._below(field))})")
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
        self._next(3, late=self.orders)

    def _map(self, field: Field, late: bool) -> None:
        element = field.type.element
        assert element is not None
        number = element.form == "plain" and (element.name in INTEGERS or element.name == "bool")
        self._open(field, wire.BYTES)
        self.emit(3, f"m = d.get({field.json!r})", f"if m is None: m = d[{field.json!r}] = {{}}")
        self.emit_order(3, "P = next(reversed(m), '')")
        width = self._open(field, wire.BYTES, "while", 3)
        self._length(4, width)
        self.emit(4, "z = i + n", "K = ''", f"V = {self._empty(element)}", "while i < z:", " u = b[i]")
        self._length(5, 1)
        self.emit(5, "if u == 10: K = b[i:i + n].decode(); i += n")
        value_tag = 2 << 3 | (wire.VARINT if number else wire.BYTES)
        self.emit(5, f"elif u == {value_tag}: V = {self._value(element)}" + ("" if number else "; i += n"))
        self.emit(5, "else: raise Fault('a map entry has a key and a value only')")
        self.emit(4, "if i != z: raise Fault('a map entry is longer than it says')", "m[K] = V")
        self.emit_order(4, "if K < P: mixed = True", "P = K")
        self._next(4)
        if late:
            self.emit(3, "late = 1")
        self.emit(3, "if i == e: break")

    def _empty(self, ref: TypeRef) -> str:
        """What a map entry without a value holds, as an expression."""
        if ref.form == "struct":
            return f"{self._reader(ref.name)}(b, i, i, {{}})"
        if ref.form == "plain" and ref.name in INTEGERS:
            return "0"
        if ref.form == "items":
            return "[]"
        return {"string": "''", "bytes": "''", "bool": "False", "Quantity": "'0'"}.get(ref.name, "None")


def _width(key: int) -> int:
    """How many bytes a tag takes, of those that types have."""
    return 1 if key < 128 else 2


def _as_read(key: int) -> int:
    """A tag as `t` has it: its one byte, or both bytes."""
    return key if key < 128 else (key & 127 | 128) | (key >> 7) << 8
