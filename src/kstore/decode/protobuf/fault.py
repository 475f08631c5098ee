"""
Where a protobuf value is broken: reads it again, slowly, by the catalog, until something does not hold.

The fast reader only notices that it went wrong; this says the byte offset and the field path.
"""

from __future__ import annotations

from kstore import wire
from kstore.catalog.loader import Catalog
from kstore.catalog.types import INTEGERS, TypeRef
from kstore.decode.protobuf import special
from kstore.errors import DecodeError


def locate(catalog: Catalog, type_name: str, data: bytes, cause: Exception) -> DecodeError:
    """The error for bytes that the fast reader gave up on, as exact as can be told."""
    if isinstance(cause, RecursionError):
        return DecodeError("the message is nested too deeply")
    try:
        _Walk(catalog, data).struct(type_name, 0, len(data), "")
    except DecodeError as error:
        return error
    except RecursionError:
        return DecodeError("the message is nested too deeply")
    return DecodeError(f"the message cannot be read: {cause}", quoted=str(cause))


class _Walk:
    """One pass over a value; every method raises at the first byte that does not hold."""

    def __init__(self, catalog: Catalog, data: bytes) -> None:
        self.catalog = catalog
        self.data = data

    def struct(self, type_name: str, i: int, end: int, path: str) -> None:
        fields = {field.number: field for field in self.catalog.struct(type_name).fields if field.number}
        while i < end:
            number, key, content, after = self.field(i, end, path)
            if number in fields:
                field = fields[number]
                name = path if field.inline else f"{path}.{field.json}".lstrip(".")
                self.value(field.type, key & 7, content, after, name, i)
            i = after

    def field(self, i: int, end: int, path: str) -> tuple[int, int, int, int]:
        """The field at `i`: its number, its key, where its content begins and where it ends."""
        try:
            number, after = wire.skip_field(self.data, i, end)
            key, content = wire.read_varint(self.data, i)
            if content - i > len(wire.varint(key)):
                raise DecodeError("a field's tag is not written in the fewest bytes", offset=i, path=path)
            if key & 7 == wire.BYTES:
                content = wire.read_varint(self.data, content)[1]
        except IndexError:
            raise DecodeError("the message is cut short", offset=len(self.data), path=path) from None
        except wire.WireFault as fault:
            raise DecodeError(str(fault), offset=i, path=path) from None
        return number, key, content, after

    def value(self, ref: TypeRef, wire_type: int, i: int, end: int, path: str, start: int) -> None:
        if ref.form == "list" and ref.element is not None:
            if wire_type == wire.BYTES and self._wire_type(ref.element) == wire.VARINT:
                self.packed(i, end, path)
                return
            self.value(ref.element, wire_type, i, end, f"{path}[]", start)
            return
        expected = self._wire_type(ref)
        if wire_type != expected:
            raise DecodeError(f"wire type {wire_type} where {expected} was expected", offset=start, path=path)
        if ref.form in ("struct", "union"):
            self.struct(ref.name, i, end, path)
        elif ref.form == "map" and ref.element is not None:
            self.entry(ref.element, i, end, path)
        elif ref.name == "string":
            self.text(i, end, path)
        elif ref.form == "items":
            self.items(i, end, path)
        elif ref.form == "special":
            try:
                special.READERS[ref.name](self.data, i, end)
            except (wire.WireFault, ValueError, IndexError) as error:
                raise DecodeError(f"no {ref.name}: {error}", offset=i, path=path, quoted=str(error)) from None

    def packed(self, i: int, end: int, path: str) -> None:
        """Numbers one after the other, without tags."""
        while i < end:
            try:
                _, after = wire.read_varint(self.data, i)
            except (wire.WireFault, IndexError) as fault:
                raise DecodeError(f"a packed number is broken: {fault}", offset=i, path=path) from None
            i = after

    def items(self, i: int, end: int, path: str) -> None:
        """A list of strings that is a message of its own."""
        while i < end:
            number, key, content, after = self.field(i, end, path)
            if number == 1:
                if key & 7 != wire.BYTES:
                    raise DecodeError("a string was expected", offset=i, path=path)
                self.text(content, after, path)
            i = after

    def entry(self, element: TypeRef, i: int, end: int, path: str) -> None:
        while i < end:
            number, key, content, after = self.field(i, end, path)
            if number == 1:
                if key & 7 != wire.BYTES:
                    raise DecodeError("a map's key that is no string", offset=i, path=path)
                self.text(content, after, path)
            elif number == 2:
                self.value(element, key & 7, content, after, f"{path}[…]", i)
            else:
                raise DecodeError("a map entry has a key and a value only", offset=i, path=path)
            i = after

    def text(self, i: int, end: int, path: str) -> None:
        try:
            self.data[i:end].decode()
        except UnicodeDecodeError as error:
            raise DecodeError("the string is not UTF-8", offset=i + error.start, path=path) from None

    def _wire_type(self, ref: TypeRef) -> int:
        if ref.form == "plain" and (ref.name in INTEGERS or ref.name == "bool"):
            return wire.VARINT
        return wire.FIXED64 if ref.name == "float64" else wire.BYTES
