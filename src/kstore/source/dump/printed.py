"""
What is read out of something that was printed: keys, values and deletions; and how a stored value begins.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from kstore import wire
from kstore.decode.envelope import CBOR_PREFIX, ENCRYPTION_PREFIX, PROTOBUF_PREFIX
from kstore.source.mvcc.key_value import parse_key_value

BINARY = (PROTOBUF_PREFIX, ENCRYPTION_PREFIX, CBOR_PREFIX)
"""How the values begin that are no text."""
_ENVELOPE_TAGS = (0x0A, 0x12, 0x1A, 0x22)
"""The fields of `runtime.Unknown`, which Go always writes, all of them and in this order."""


class Printed(NamedTuple):
    """A key, where the form tells it, and a value; or that the key was deleted."""

    key: bytes | None
    value: bytes
    """Of a deletion what was there before, if the form tells it."""
    deleted: bool = False
    revision: int = 0
    """The revision of a deletion."""


def is_value(data: bytes) -> bool:
    """Whether these bytes begin as Kubernetes' stored values do."""
    return data.startswith(BINARY) or data.lstrip(b" \t\r\n").startswith(b"{")


def json_end(text: str, start: int) -> int | None:
    """Where the JSON value that begins here ends; None when it is none."""
    try:
        return json.JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def key_value(data: bytes) -> Printed | None:
    """An `mvccpb.KeyValue`."""
    try:
        record = parse_key_value(data)
    except (ValueError, IndexError):
        return None
    return Printed(record.key, record.value) if record.key and record.mod_revision else None


def envelope_end(data: bytes, position: int) -> int | None:
    """Where a `runtime.Unknown` ends that Go has written; None for any other, and for what breaks off."""
    for tag in _ENVELOPE_TAGS:
        if position >= len(data) or data[position] != tag:
            return None
        try:
            length, position = wire.read_varint(data, position + 1)
        except (wire.WireFault, IndexError):
            return None
        position += length
    return position


def is_json(text: bytes) -> bool:
    """Whether this is one whole document."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_whole(data: bytes) -> bool:
    """Whether a stored value ends here, as far as its encoding can tell."""
    if data.startswith(PROTOBUF_PREFIX):
        return envelope_end(data, len(PROTOBUF_PREFIX)) == len(data)
    return data.startswith(BINARY) or is_json(data)


__all__ = ["BINARY", "Printed", "envelope_end", "is_json", "is_value", "is_whole", "json_end", "key_value"]
