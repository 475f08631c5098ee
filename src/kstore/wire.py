"""
Protobuf's wire format: varints, tags, fields.

Knows bytes only. Everything that reads or writes protobuf without generated code starts here: stored objects, etcd's
own records, KMS messages.
"""

from __future__ import annotations

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types; groups (3 and 4) are never written."""

MASK64 = (1 << 64) - 1
ONE_BYTE = [bytes([number]) for number in range(128)]


class WireFault(ValueError):
    """Bytes that are no message; the reader finds out where, afterwards."""


def read_varint(b: bytes, i: int) -> tuple[int, int]:
    """Read an unsigned varint of at most 64 bits at `i`; return it and where it ends."""
    number = shift = 0
    while True:
        byte = b[i]
        i += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & MASK64, i
        shift += 7
        if shift > 63:
            raise WireFault("a varint is longer than 64 bits")


def varint(number: int) -> bytes:
    """Write a varint; a negative number as the 64 bits of its two's complement."""
    if 0 <= number < 0x4000:  # nearly all are lengths: this is the fast way
        return bytes((number & 127 | 128, number >> 7)) if number > 127 else ONE_BYTE[number]
    number &= MASK64
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def signed(number: int) -> int:
    """An int64 from its unsigned 64 bits."""
    return number - (1 << 64) if number > 0x7FFF_FFFF_FFFF_FFFF else number


def signed32(number: int) -> int:
    """An int32 from a varint, which Go cuts to 32 bits."""
    return ((number & 0xFFFF_FFFF) ^ 0x8000_0000) - 0x8000_0000


def tag(number: int, wire_type: int) -> bytes:
    """The bytes before a field's content."""
    return varint(number << 3 | wire_type)


def delimited(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return tag(number, BYTES) + varint(len(content)) + content


def skip_field(b: bytes, i: int, end: int) -> tuple[int, int]:
    """Pass over the field at `i`; return its number and where it ends."""
    key, i = read_varint(b, i)
    number, wire_type = key >> 3, key & 7
    if not 0 < number < 1 << 31:
        raise WireFault(f"field number {number} does not exist")
    if wire_type == VARINT:
        i = read_varint(b, i)[1]
    elif wire_type == BYTES:
        length, i = read_varint(b, i)
        i += length
    elif wire_type == FIXED64:
        i += 8
    elif wire_type == FIXED32:
        i += 4
    else:
        raise WireFault(f"wire type {wire_type} is not used")
    if i > end:
        raise WireFault("a field is longer than its message")
    return number, i


def fields(b: bytes, i: int, end: int) -> list[tuple[int, int | bytes | None]]:
    """
    The fields of a small message as numbers and values: unsigned integers, bytes, or None for what has a fixed width,
    as no field of these messages has.
    """
    found: list[tuple[int, int | bytes | None]] = []
    while i < end:
        start = i
        number, i = skip_field(b, i, end)
        key, content = read_varint(b, start)
        if key & 7 == VARINT:
            found.append((number, read_varint(b, content)[0]))
        elif key & 7 == BYTES:
            found.append((number, b[read_varint(b, content)[1] : i]))
        else:
            found.append((number, None))
    return found
