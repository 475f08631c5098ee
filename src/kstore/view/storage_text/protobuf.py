"""
The fields of a protobuf value, each with its number and the name that the catalog has for it.

Reads any message, known or not, as far as its wire goes. (`apimachinery/pkg/runtime/generated.proto`, Unknown)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from kstore import wire
from kstore.catalog.loader import Catalog
from kstore.catalog.types import INTEGERS, Field, TypeRef
from kstore.decode.envelope import PROTOBUF_PREFIX, read_envelope
from kstore.decode.json.raw_json import RawJSON
from kstore.decode.protobuf import special
from kstore.errors import DecodeError, KstoreError, UnknownKind
from kstore.naming import gvk
from kstore.view.mask import MASK, hides, is_secret
from kstore.view.storage_text.line import Line, shown_bytes, shown_raw, shown_text

_STRING = TypeRef("plain", name="string")
_TYPE_META = {1: ("apiVersion", _STRING), 2: ("kind", _STRING)}
_WIRE = {wire.VARINT: "varint", wire.FIXED64: "64 bits", wire.BYTES: "bytes", wire.FIXED32: "32 bits"}

Names = dict[int, tuple[str, TypeRef]]
"""The fields of a message by number."""


def protobuf_lines(value: bytes, catalog: Catalog, *, key: bytes = b"", secrets: bool = False) -> Iterator[Line]:
    """
    Yield a line for the magic number, and for every field of the envelope and of the object.

    Raises:
        DecodeError: the bytes are no message from some offset on; what is before has been yielded.
    """
    yield Line(0, len(PROTOBUF_PREFIX), 0, '"k8s\\0"', "the mark of protobuf")
    kind = ""
    type_name = ""
    try:
        envelope = read_envelope(value)
        kind, type_name = envelope.kind, catalog.kind(gvk(envelope.api_version, envelope.kind)).type
    except (DecodeError, UnknownKind):
        kind, type_name = _type_of(value, catalog)
    walker = _Walker(value, catalog, hide=is_secret(kind, key) and not secrets)
    envelope_names: Names = {
        1: ("typeMeta", TypeRef("struct", name="TypeMeta")),
        2: ("raw", TypeRef("struct", name=type_name or "message")),
        3: ("contentEncoding", _STRING),
        4: ("contentType", _STRING),
    }
    yield from walker.message(len(PROTOBUF_PREFIX), len(value), envelope_names, 0, ())


def _type_of(value: bytes, catalog: Catalog) -> tuple[str, str]:
    """Kind and type of a value whose envelope breaks off: the type stands at its beginning."""
    try:
        _, start = wire.read_varint(value, len(PROTOBUF_PREFIX))
        length, start = wire.read_varint(value, start)
        names = dict(wire.fields(value, start, start + length))
        version, kind = (part.decode() if isinstance(part := names.get(i), bytes) else "" for i in (1, 2))
        return kind, catalog.kind(gvk(version, kind)).type
    except (wire.WireFault, IndexError, UnicodeDecodeError, KstoreError):
        return "", ""


class _Walker:
    """Walks one value; `hide` masks what a Secret must not show."""

    def __init__(self, value: bytes, catalog: Catalog, *, hide: bool) -> None:
        self.value = value
        self.catalog = catalog
        self.hide = hide

    def message(self, at: int, end: int, names: Names, depth: int, path: tuple[str, ...]) -> Iterator[Line]:
        """The fields from `at` to `end`."""
        while at < end:
            start = at
            try:
                number, at = wire.skip_field(self.value, at, end)
                key, content = wire.read_varint(self.value, start)
            except (wire.WireFault, IndexError) as error:
                yield from self._cut(start, end, names, depth, path)
                what = "it breaks off" if isinstance(error, IndexError) else str(error)
                raise DecodeError(f"the message cannot be read any further: {what}", offset=start) from None
            name, ref = names.get(number, ("", None))
            yield from self._field(start, at, content, key, (name, ref), depth, path)

    def _cut(self, start: int, end: int, names: Names, depth: int, path: tuple[str, ...]) -> Iterator[Line]:
        """
        What there is of a message that is longer than the rest of the value, if that is what stands here.

        Raises:
            DecodeError: where it breaks off.
        """
        try:
            key, content = wire.read_varint(self.value, start)
            length, body = wire.read_varint(self.value, content)
        except (wire.WireFault, IndexError):
            return
        name, ref = names.get(key >> 3, ("", None))
        if ref is not None and ref.form == "list":
            ref = ref.element
        if key & 7 == wire.BYTES and ref is not None and ref.form == "struct" and body + length > end:
            label = self._label(key >> 3, name, ref)
            yield Line(start, end - start, depth, label, f"cut short: {end - body} of {length} bytes")
            yield from self.message(body, end, self._names(ref.name), depth + 1, (*path, name))

    def _field(
        self, start: int, end: int, content: int, key: int, named: tuple[str, TypeRef | None], depth: int,
        path: tuple[str, ...],
    ) -> Iterator[Line]:  # fmt: skip
        number, wire_type = key >> 3, key & 7
        name, ref = named
        if ref is not None and ref.form == "list" and ref.element is not None:
            ref = ref.element
        label = self._label(number, name, ref)
        length = end - start
        inner = (*path, name)
        hidden = self._hidden(inner)
        if wire_type == wire.VARINT:
            number_read = wire.read_varint(self.value, content)[0]
            yield Line(start, length, depth, label, MASK if hidden else _integer(number_read, ref))
            return
        if wire_type != wire.BYTES:
            raw = self.value[content:end]
            value = str(struct.unpack("<d", raw)[0]) if wire_type == wire.FIXED64 else shown_bytes(raw)
            yield Line(start, length, depth, label, MASK if hidden else value)
            return
        body = wire.read_varint(self.value, content)[1]
        if ref is None:
            yield Line(start, length, depth, label, shown_bytes(self.value[body:end], hidden=hidden))
        elif ref.form == "map" and ref.element is not None:
            yield Line(start, length, depth, label, "entry")
            yield from self._entry(body, end, ref.element, depth + 1, inner)
        elif ref.form in ("struct", "union"):
            yield Line(start, length, depth, label)
            yield from self.message(body, end, self._names(ref.name), depth + 1, inner)
        else:
            yield Line(start, length, depth, label, self._scalar(body, end, ref, hidden=hidden))

    def _entry(self, at: int, end: int, element: TypeRef, depth: int, path: tuple[str, ...]) -> Iterator[Line]:
        """An entry of a map: its key, and its value."""
        parts = dict(wire.fields(self.value, at, end))
        key = parts.get(1)
        own = key.decode("utf-8", "replace") if isinstance(key, bytes) else ""
        yield from self.message(at, end, {1: ("key", _STRING), 2: ("value", element)}, depth, (*path, own))

    def _label(self, number: int, name: str, ref: TypeRef | None) -> str:
        if ref is None:
            return f"{number} (unknown)"
        shown = ref.name if ref.form in ("struct", "union", "special") else ""
        return f"{number} {name}" + (f"  {shown}" if shown else "")

    def _names(self, type_name: str) -> Names:
        """The fields of a type by number, those of inline structs in place."""
        if type_name == "TypeMeta":
            return _TYPE_META
        if type_name == "message":
            return {}
        return {
            field.number: (_name(field), field.type) for field in self.catalog.struct(type_name).fields if field.number
        }

    def _scalar(self, body: int, end: int, ref: TypeRef, *, hidden: bool) -> str:
        content = self.value[body:end]
        if hidden:
            return shown_bytes(content, hidden=True)
        try:
            if ref.form == "special" and ref.name in special.READERS:
                found = special.READERS[ref.name](self.value, body, end)
                return shown_raw(found.data) if isinstance(found, RawJSON) else shown_text(found)
            if ref.form == "items":
                return shown_text(
                    [str(one, "utf-8") for _, one in wire.fields(self.value, body, end) if isinstance(one, bytes)]
                )
            return shown_bytes(content) if ref.name == "bytes" else shown_text(content.decode())
        except (wire.WireFault, IndexError, ValueError):
            return shown_bytes(content)

    def _hidden(self, path: tuple[str, ...]) -> bool:
        """Whether a Secret does not show what stands here; the keys of its maps are shown."""
        if not self.hide or path[-1] == "key":
            return False
        if path[0] != "raw":  # the envelope, as far as it has names
            return not path[0]
        own = path[1:-1] if path[-1] == "value" else path[1:]
        return "" in path or hides(own)


def _name(field: Field) -> str:
    return field.json or field.go


def _integer(number: int, ref: TypeRef | None) -> str:
    if ref is not None and ref.name == "bool":
        return "true" if number else "false"
    if ref is not None and ref.name in INTEGERS:
        return str(wire.signed(number))
    return f"{number} ({_WIRE[wire.VARINT]})"
