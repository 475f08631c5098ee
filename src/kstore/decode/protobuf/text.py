"""
Stored protobuf straight to JSON text, remembering the parts that many objects have in common.

The Pods of a ReplicaSet differ in little but their names: their specs, statuses and managedFields come again and again,
byte for byte, and need to be read once. Only the usual shape is taken here, an object of `metadata`, `spec` and the
like as Go writes it; of everything else the caller is told to go the general way, which also words what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from kstore import wire
from kstore.catalog.json_layout import emits_always, layout
from kstore.catalog.loader import Catalog
from kstore.decode.envelope import PROTOBUF_PREFIX, read_envelope
from kstore.decode.json import go_json
from kstore.decode.protobuf.reader import ProtobufReader
from kstore.errors import DecodeError, EncodeError, UnknownKind
from kstore.naming import GroupVersionKind, gvk

_OBJECT_META: Final = "meta.v1.ObjectMeta"
_MANAGED_FIELDS: Final = wire.tag(17, wire.BYTES)
_REST: Final = b"\x1a\x00\x22\x00"
"""What every server writes after the body: content encoding and type, both empty."""
_MOST: Final = 64 << 20
"""Bytes of parts and their texts that are remembered before all is forgotten."""


_DICT: Final = 8
"""How many times larger than its bytes a dict is, about."""


class _Unusual(Exception):
    """The value has another shape."""


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of an object."""

    name: str
    type: str
    place: int
    """Its place in JSON."""
    text: bytes
    """Its name there, with a comma before and a colon after it."""
    always: bool
    """Whether every object has it."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A kind whose members are structs."""

    gvk: GroupVersionKind
    start: bytes
    """The text that its objects begin with."""
    members: dict[int, _Member]
    """By the first byte of a field."""
    always: int
    """How many members every object has."""


class ProtobufText:
    """
    Reads values of one catalog's types into text.

    Args:
        catalog: the types of a release.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._reader = ProtobufReader(catalog)
        self._shapes: dict[bytes, _Shape | None] = {}
        self._parts: dict[tuple[str, bytes], bytes] = {}
        self._objects: dict[tuple[str, bytes], dict[str, Any]] = {}
        self._size = 0

    def read(self, value: bytes) -> tuple[GroupVersionKind, bytes] | None:
        """
        The kind and the JSON text of a stored value, as decoding and `go_json.dumps` give it.

        Returns:
            None where the value has another shape, or something is wrong with it.
        """
        try:
            return self._read(value)
        except (_Unusual, IndexError, wire.WireFault, DecodeError, EncodeError):
            return None

    def parts(self, value: bytes) -> tuple[GroupVersionKind, list[tuple[str, dict[str, Any]]]] | None:
        """
        The kind of a stored value, and its members one by one; those that came before are the same dicts as then.

        Returns:
            None where the value has another shape, or something is wrong with it.
        """
        try:
            shape, contents = self._contents(value)
            return shape.gvk, [(member.name, self._read_part(member, content)) for member, content in contents]
        except (_Unusual, IndexError, wire.WireFault, DecodeError):
            return None

    def _read_part(self, member: _Member, content: bytes) -> dict[str, Any]:
        if member.type == _OBJECT_META:
            return self._object(member.type, content)
        key = (member.type, content)
        found = self._objects.get(key)
        if found is None:
            found = self._object(member.type, content)
            self._remember(len(content) * _DICT)
            self._objects[key] = found
        return found

    def _read(self, value: bytes) -> tuple[GroupVersionKind, bytes]:
        shape, contents = self._contents(value)
        texts = [
            member.text + (self._metadata(content) if member.type == _OBJECT_META else self._part(member.type, content))
            for member, content in contents
        ]
        return shape.gvk, shape.start + b"".join(texts) + b"}"

    def _contents(self, value: bytes) -> tuple[_Shape, list[tuple[_Member, bytes]]]:
        """The members of an object, in order, with their bytes."""
        # the envelope's first field, its type, is short
        at = len(PROTOBUF_PREFIX) + 2 + value[len(PROTOBUF_PREFIX) + 1]
        head = value[:at]
        shape = self._shapes[head] if head in self._shapes else self._find_shape(head, value)
        if shape is None or value[at] != 0x12 or not value.endswith(_REST):
            raise _Unusual
        length, at = wire.read_varint(value, at + 1)
        end = at + length
        if end != len(value) - len(_REST):
            raise _Unusual
        found = []
        last = -1
        always = 0
        while at < end:
            member = shape.members.get(value[at])
            if member is None or member.place <= last:
                raise _Unusual
            last = member.place
            length, at = wire.read_varint(value, at + 1)
            if at + length > end:
                raise _Unusual
            found.append((member, value[at : at + length]))
            at += length
            always += member.always
        if always < shape.always:
            raise _Unusual
        return shape, found

    def _metadata(self, content: bytes) -> bytes:
        """ObjectMeta: most of it is each object's own, but managedFields, which come last, are not."""
        at, end = 0, len(content)
        while at < end:
            first = content[at]
            if first & 0x87 == wire.BYTES and content[at + 1] < 128:
                at += 2 + content[at + 1]  # a short text of a low number, as nearly all are
            elif content.startswith(_MANAGED_FIELDS, at):
                break
            else:
                at = wire.skip_field(content, at, end)[1]
        if at > end:
            raise _Unusual
        text = self._text(_OBJECT_META, content[:at])
        if at == end:
            return text
        managed = self._part("managedFields", content[at:])
        return text[:-1] + (b"," if text != b"{}" else b"") + managed + b"}"

    def _part(self, type_name: str, content: bytes) -> bytes:
        key = (type_name, content)
        text = self._parts.get(key)
        if text is None:
            text = self._managed(content) if type_name == "managedFields" else self._text(type_name, content)
            self._remember(len(content) + len(text))
            self._parts[key] = text
        return text

    def _remember(self, size: int) -> None:
        """Make room for a part, if need be by forgetting all others."""
        self._size += size
        if self._size > _MOST:
            self._parts.clear()
            self._objects.clear()
            self._size = size

    def _managed(self, content: bytes) -> bytes:
        """The member of ObjectMeta that these fields are, all of them managedFields."""
        if any(number != 17 for number, _ in wire.fields(content, 0, len(content))):
            raise _Unusual
        found = self._object(_OBJECT_META, content)["managedFields"]
        return b'"managedFields":' + go_json.dumps(found)

    def _text(self, type_name: str, content: bytes) -> bytes:
        return go_json.dumps(self._object(type_name, content))

    def _object(self, type_name: str, content: bytes) -> dict[str, Any]:
        """A part as a dict, if the catalog knows all that is in it."""
        seen = self._reader.unknown_seen
        found = self._reader.read(type_name, content)
        if self._reader.unknown_seen != seen:
            raise _Unusual
        return found

    def _find_shape(self, head: bytes, value: bytes) -> _Shape | None:
        """The shape of the kind that a value says it is; None where it has members of other sorts."""
        if not value.startswith(PROTOBUF_PREFIX + b"\x0a") or head[len(PROTOBUF_PREFIX) + 1] > 127:
            raise _Unusual
        envelope = read_envelope(value)
        name = gvk(envelope.api_version, envelope.kind)
        if len(self._shapes) > 1000:
            self._shapes.clear()
        try:
            shape = self._shapes[head] = self._shape_of(name)
        except UnknownKind:
            shape = self._shapes[head] = None
        return shape

    def _shape_of(self, name: GroupVersionKind) -> _Shape | None:
        fields = layout(self._catalog, self._catalog.kind(name).type).members
        members: dict[int, _Member] = {}
        last = 0
        for json_name, field in fields.items():
            if json_name in ("kind", "apiVersion"):
                continue
            ref = field.type
            if ref.form != "struct" or not (ref.pointer or emits_always(field)) or not last < field.number < 16:
                return None
            last = field.number
            text = b',"%b":' % json_name.encode()
            member = _Member(json_name, ref.name, len(members), text, not ref.pointer)
            members[wire.tag(field.number, wire.BYTES)[0]] = member
        start = go_json.dumps({"kind": name.kind, "apiVersion": name.api_version})[:-1]
        return _Shape(name, start, members, sum(member.always for member in members.values()))
