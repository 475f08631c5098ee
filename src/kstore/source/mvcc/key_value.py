"""
The entries of etcd's bucket `key`: revision keys, and `mvccpb.KeyValue`.

Knows their bytes (`server/storage/mvcc/revision.go`, `api/mvccpb/kv.proto`); knows nothing of where they are.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from kstore.records import Record
from kstore.wire import read_varint, signed, varint

REVISION_KEY = struct.Struct(">qcq")
"""Main revision, an underscore, the number of the change within its transaction; a tombstone has a `t` after it."""
TOMBSTONE_MARK = ord("t")
UNDERSCORE = ord("_")


def parse_key_value(
    data: bytes, *, keys_only: bool = False, size: int = 0, rest: Callable[[int], bytes] | None = None
) -> Record:
    """
    Read an `mvccpb.KeyValue` (`api/mvccpb/kv.proto`).

    Args:
        data: the message, or its beginning when `rest` is given.
        keys_only: leave the value out.
        size: the message's size, when `data` is only its beginning.
        rest: called with a position after the value, for the bytes from there to the message's end.

    Raises:
        ValueError: a field runs over the end, or is of a type or number that it cannot be.
        IndexError: the message ends within a field.
    """
    size = size or len(data)
    position = 0
    key = value = b""
    numbers = [0] * 7
    while position < size:
        tag = data[position]
        position += 1
        kind = tag & 7
        if kind == 0 and 7 < tag < 0x80:
            number = data[position]
            position += 1
            if number > 0x7F:
                number, position = read_varint(data, position - 1)
            if tag >> 3 < 7:
                numbers[tag >> 3] = number
        elif kind == 2 and 7 < tag < 0x80:
            length = data[position]
            position += 1
            if length > 0x7F:
                length, position = read_varint(data, position - 1)
            end = position + length
            if end > size:
                raise ValueError("a field runs over its end")
            if tag == 0x0A:
                key = data[position:end]
            elif tag == 0x2A and not keys_only:
                value = data[position:end]
            if end > len(data):
                if rest is None or tag != 0x2A:
                    raise ValueError("a field runs over its end")
                data = rest(end)
                size -= end
                end = 0
            position = end
        else:
            raise ValueError(f"a field begins with {tag:#x}")
    return Record(key, value, signed(numbers[2]), signed(numbers[3]), signed(numbers[4]), signed(numbers[6]))


def encode_key_value(record: Record) -> bytes:
    """Write an `mvccpb.KeyValue` as etcd does: fields in ascending order, zeroes and empty values left out."""
    parts = [b"\n", varint(len(record.key)), record.key]
    for tag, number in ((0x10, record.create_revision), (0x18, record.mod_revision), (0x20, record.version)):
        if number:
            parts += [bytes([tag]), varint(number)]
    if record.value:
        parts += [b"\x2a", varint(len(record.value)), record.value]
    if record.lease:
        parts += [b"\x30", varint(record.lease)]
    return b"".join(parts)


def revision_key(main: int, sub: int, *, tombstone: bool = False) -> bytes:
    """The key of a change in the bucket `key`."""
    return REVISION_KEY.pack(main, b"_", sub) + (b"t" if tombstone else b"")


def parse_revision_key(key: bytes) -> tuple[int, int] | None:
    """Main revision and number of a change; None when this is no revision key."""
    if len(key) not in (17, 18) or key[8] != UNDERSCORE:
        return None
    main, _, sub = REVISION_KEY.unpack_from(key)
    return main, sub
