"""
The few protobuf messages of KMS: those of the plugin's API, v1beta1 and v2, and the envelope that KMS v2
stores.

Knows their fields as a table: strings, bytes, an enum, maps of bytes. The table is that of
`k8s.io/kms/apis/{v1beta1,v2}/api.proto` and `encrypt/envelope/kmsv2/v2/api.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from kstore import wire

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


def encode_message(message: Message, values: Mapping[str, Any]) -> bytes:
    """Write a message in field order, maps by key; empty values are left out, as proto3 does."""
    out = bytearray()
    for number, (name, kind) in message.items():
        value = values.get(name)
        if not value:
            continue
        if kind == "enum":
            out += wire.tag(number, wire.VARINT) + wire.varint(value)
            continue
        for part in _parts(kind, value):
            out += wire.delimited(number, part)
    return bytes(out)


def decode_message(message: Message, data: bytes) -> dict[str, Any]:
    """
    Read a message; absent fields get their empty value, unknown ones are passed over.

    Raises:
        ValueError: the bytes are no such message.
    """
    empty: dict[Kind, Any] = {"string": "", "bytes": b"", "enum": 0}
    values: dict[str, Any] = {name: {} if kind == "map" else empty[kind] for name, kind in message.values()}
    try:
        fields = wire.fields(data, 0, len(data))
    except IndexError:
        raise ValueError("a field reaches beyond the end of the message") from None
    for number, payload in fields:
        if number not in message:
            continue
        name, kind = message[number]
        if payload is None or isinstance(payload, int) != (kind == "enum"):
            raise ValueError(f"field {name} has another wire type")
        if kind == "map":
            entry = decode_message(_MAP_ENTRY, bytes(payload))
            values[name][entry["key"]] = entry["value"]
        else:
            values[name] = bytes(payload).decode() if kind == "string" else payload
    return values


def _parts(kind: Kind, value: Any) -> Iterator[bytes]:
    """The payloads that a field's value is written as."""
    if kind == "map":
        for key in sorted(value):
            yield encode_message(_MAP_ENTRY, {"key": key, "value": value[key]})
    else:
        yield value.encode() if kind == "string" else value
