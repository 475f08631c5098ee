"""
The few protobuf messages of KMS: those of the plugin's API, v1beta1 and v2, and the envelope that KMS v2
stores.

Knows their fields as a table, and the wire format as far as they need it: strings, bytes, an enum, maps of
bytes. The table is that of `k8s.io/kms/apis/{v1beta1,v2}/api.proto` and
`encrypt/envelope/kmsv2/v2/api.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

Kind = Literal["string", "bytes", "enum", "map"]
Message = Mapping[int, tuple[str, Kind]]
"""A message: field number to the name and kind of the field."""

V1_VERSION_REQUEST: Message = {1: ("version", "string")}
V1_VERSION_RESPONSE: Message = {
    1: ("version", "string"),
    2: ("runtime_name", "string"),
    3: ("runtime_version", "string"),
}
V1_DECRYPT_REQUEST: Message = {1: ("version", "string"), 2: ("cipher", "bytes")}
V1_DECRYPT_RESPONSE: Message = {1: ("plain", "bytes")}
V1_ENCRYPT_REQUEST: Message = {1: ("version", "string"), 2: ("plain", "bytes")}
V1_ENCRYPT_RESPONSE: Message = {1: ("cipher", "bytes")}

V2_STATUS_REQUEST: Message = {}
V2_STATUS_RESPONSE: Message = {1: ("version", "string"), 2: ("healthz", "string"), 3: ("key_id", "string")}
V2_DECRYPT_REQUEST: Message = {
    1: ("ciphertext", "bytes"),
    2: ("uid", "string"),
    3: ("key_id", "string"),
    4: ("annotations", "map"),
}
V2_DECRYPT_RESPONSE: Message = {1: ("plaintext", "bytes")}
V2_ENCRYPT_REQUEST: Message = {1: ("plaintext", "bytes"), 2: ("uid", "string")}
V2_ENCRYPT_RESPONSE: Message = {
    1: ("ciphertext", "bytes"),
    2: ("key_id", "string"),
    3: ("annotations", "map"),
}

ENCRYPTED_OBJECT: Message = {
    1: ("encryptedData", "bytes"),
    2: ("keyID", "string"),
    3: ("encryptedDEKSource", "bytes"),
    4: ("annotations", "map"),
    5: ("encryptedDEKSourceType", "enum"),
}
AES_GCM_KEY = 0
"""`encryptedDEKSourceType`: the source is the data key itself."""
HKDF_SHA256_XNONCE_AES_GCM_SEED = 1
"""`encryptedDEKSourceType`: the source is a seed, from which HKDF derives a key for each value."""

_MAP_ENTRY: Message = {1: ("key", "string"), 2: ("value", "bytes")}
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def encode_message(message: Message, values: Mapping[str, Any]) -> bytes:
    """Write a message in field order, maps by key; empty values are left out, as proto3 does."""
    out = bytearray()
    for number, (name, kind) in message.items():
        value = values.get(name)
        if not value:
            continue
        if kind == "enum":
            out += _varint(number << 3 | _VARINT) + _varint(value)
            continue
        for part in _parts(kind, value):
            out += _varint(number << 3 | _LENGTH) + _varint(len(part)) + part
    return bytes(out)


def decode_message(message: Message, data: bytes) -> dict[str, Any]:
    """
    Read a message; absent fields get their empty value, unknown ones are passed over.

    Raises:
        ValueError: the bytes are no such message.
    """
    empty: dict[Kind, Any] = {"string": "", "bytes": b"", "enum": 0}
    values: dict[str, Any] = {name: {} if kind == "map" else empty[kind] for name, kind in message.values()}
    for number, wire_type, payload in _fields(data):
        if number not in message:
            continue
        name, kind = message[number]
        if wire_type != (_VARINT if kind == "enum" else _LENGTH):
            raise ValueError(f"field {name} has wire type {wire_type}")
        if kind == "map":
            entry = decode_message(_MAP_ENTRY, payload)
            values[name][entry["key"]] = entry["value"]
        else:
            values[name] = payload.decode() if kind == "string" else payload
    return values


def _parts(kind: Kind, value: Any) -> Iterator[bytes]:
    """The payloads that a field's value is written as."""
    if kind == "map":
        for key in sorted(value):
            yield encode_message(_MAP_ENTRY, {"key": key, "value": value[key]})
    else:
        yield value.encode() if kind == "string" else value


def _fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yield number, wire type and payload (an int for a varint, else bytes) of each field."""
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, position = _read_varint(data, position)
            yield number, wire_type, value
            continue
        if wire_type == _LENGTH:
            size, position = _read_varint(data, position)
        elif wire_type in (_FIXED64, _FIXED32):
            size = 8 if wire_type == _FIXED64 else 4
        else:
            raise ValueError(f"unknown wire type {wire_type}")
        end = position + size
        if end > len(data) or number == 0:
            raise ValueError("a field reaches beyond the end of the message")
        yield number, wire_type, data[position:end]
        position = end


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ValueError("a number is cut short")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number is longer than ten bytes")
