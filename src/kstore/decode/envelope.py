"""
The envelope of a stored value: what its first bytes say, and `runtime.Unknown` read and written.

Knows the encodings that Kubernetes has stored: `k8s\\0` and protobuf, JSON, CBOR behind its self-describe tag, and
protobuf wrapped in base64, which old servers wrote. Strict: nothing is searched for, nothing guessed.
(`apimachinery/pkg/runtime/serializer/{protobuf,recognizer}`)
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import NamedTuple

from kstore import wire
from kstore.errors import ENCRYPTION_CONFIG_WANTED, DecodeError, UnknownEncoding

PROTOBUF_PREFIX = b"k8s\x00"
CBOR_PREFIX = b"\xd9\xd9\xf7"
"""The self-describe tag 55799, with which every stored CBOR object begins."""
ENCRYPTION_PREFIX = b"k8s:enc:"
_BASE64_PROTOBUF = base64.b64encode(PROTOBUF_PREFIX)[:5]
_YAML = re.compile(rb"^(?:\xef\xbb\xbf)?[ \t]*[{,]?[ \t]*[\"']?[A-Za-z][\w.-]*[\"']?[ \t]*:(?:[ \t\r\"{\[]|$)", re.M)
_TEXT = re.compile(rb"[ \t\r\n]*\{")


class Envelope(NamedTuple):
    """A value of protobuf, opened: the object's type and its body."""

    api_version: str
    kind: str
    body: bytes
    start: int
    """Where the body begins in the value."""
    content_encoding: str = ""
    content_type: str = ""
    unknown: bytes = b""
    """Fields of the envelope itself that are not known, as they stood."""


def recognize(value: bytes) -> str:
    """
    Tell the encoding of a stored value: `protobuf`, `json`, `cbor` or `base64` (protobuf in base64).

    Raises:
        UnknownEncoding: it is none of these; the error says what it looks like.
    """
    if value.startswith(PROTOBUF_PREFIX):
        return "protobuf"
    if _TEXT.match(value):
        return "json"
    if value.startswith(CBOR_PREFIX):
        return "cbor"
    if value.startswith(_BASE64_PROTOBUF):
        return "base64"
    raise UnknownEncoding(_describe(value), offset=0, quoted=repr(value[:8]), hint=_advice(value))


def _describe(value: bytes) -> str:
    """What an unknown value looks like, for the error."""
    if not value:
        return "the value is empty"
    if value.startswith(ENCRYPTION_PREFIX):
        return f"the value is encrypted at rest ({value[:40].rpartition(b':')[0].decode(errors='replace')})"
    if value.startswith(b"k8s\r") or b"k8s\x00" in value[:64]:
        return "the value has something before, or instead of, its k8s\\0 prefix"
    return f"the value is neither protobuf, JSON nor CBOR as Kubernetes stores it: it begins with {value[:8]!r}"


def _advice(value: bytes) -> str:
    if value.startswith(ENCRYPTION_PREFIX):
        return ENCRYPTION_CONFIG_WANTED
    if value and b"k8s\x00" in value[:64]:
        return "a key line or a terminal may have got into the bytes; read the store itself instead of a copy"
    return ""


def is_perhaps_readable(value: bytes) -> bool:
    """
    Whether a server may read a value all the same that is in none of the encodings; it is not looked into.

    As their last resort servers try YAML, and YAML or JSON in base64; of built-in types, whose kind they know without
    being told (`apiserver/pkg/server/storage/storage_codec.go`, NewStorageCodec: the universal deserializer). To them
    nothing at all is an object without content.
    """
    unwrapped = _unwrapped(value)
    forms = (value, unwrapped) if unwrapped else (value,)
    return any(not text.strip() or text.strip() == b"null" or _YAML.search(text) for text in forms) or bool(
        _TEXT.match(unwrapped)
    )


def _unwrapped(value: bytes) -> bytes:
    """A value out of base64; empty where it is none."""
    try:
        return base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        return b""


def unwrap_base64(value: bytes) -> bytes:
    """
    The protobuf value that old servers wrapped in base64.

    Raises:
        DecodeError: the text is no base64.
    """
    try:
        return base64.b64decode(value.strip(), validate=True)
    except binascii.Error as error:
        stray = re.search(rb"[^A-Za-z0-9+/=\s]", value)
        offset = stray.start() if stray else len(value)
        raise DecodeError(f"the value is no base64 after all: {str(error).lower()}", offset=offset) from None


_NO_CONTENT_TYPE = b"\x1a\x00\x22\x00"
"""Content encoding and content type, which servers write empty."""
_SHORT = 256
"""What is longer names no type of Kubernetes, and is not worth remembering."""


def read_envelope(value: bytes, *, nameless: bool = False) -> Envelope:
    """
    Open a value that begins with `k8s\\0`.

    Args:
        value: the bytes.
        nameless: take one whose envelope names neither version nor kind, as that of a WatchEvent.

    Raises:
        DecodeError: the envelope is broken, or names no type; with the byte offset.
    """
    if not value.startswith(PROTOBUF_PREFIX):
        raise DecodeError("the value does not begin with k8s\\0", offset=0)
    return _as_written(value) or _read_fields(value, nameless=nameless)


def _as_written(value: bytes) -> Envelope | None:
    """The envelope of the four fields that every server writes, in their order; None if it needs a closer look."""
    try:
        type_end = len(PROTOBUF_PREFIX) + 2 + value[5]
        if value[4] != 0x0A or value[5] > 127 or value[type_end] != 0x12:
            return None
        length, start = wire.read_varint(value, type_end + 1)
        if value[start + length :] != _NO_CONTENT_TYPE:
            return None
        api_version, kind = _known_type_meta(value[6:type_end])
    except (wire.WireFault, IndexError, UnicodeDecodeError):
        return None
    return Envelope(api_version, kind, value[start : start + length], start) if api_version and kind else None


def _read_fields(value: bytes, *, nameless: bool = False) -> Envelope:
    kind = api_version = content_encoding = content_type = ""
    body = unknown = b""
    i, end, body_start, encoding_start = len(PROTOBUF_PREFIX), len(value), 0, 0
    try:
        while i < end:
            start = i
            number, i = wire.skip_field(value, i, end)
            key, content = wire.read_varint(value, start)
            if number > 4:
                unknown += value[start:i]
                continue
            if key & 7 != wire.BYTES:
                raise DecodeError(f"field {number} of the envelope is of wire type {key & 7}", offset=start)
            content = wire.read_varint(value, content)[1]
            if number == 1:
                short = i - content <= _SHORT
                api_version, kind = _known_type_meta(value[content:i]) if short else _read_type_meta(value, content, i)
            elif number == 2:
                body, body_start = value[content:i], content
            elif number == 3:
                content_encoding, encoding_start = value[content:i].decode(), content
            else:
                content_type = value[content:i].decode()
    except (wire.WireFault, IndexError, UnicodeDecodeError) as error:
        what = "it is cut short" if isinstance(error, IndexError) else str(error)
        raise DecodeError(f"the envelope is broken: {what}", offset=min(i, end)) from None
    if (not kind or not api_version) and (kind or api_version or not nameless):
        missing = "kind" if api_version else "apiVersion"
        raise DecodeError(f"the envelope names no {missing}", offset=len(PROTOBUF_PREFIX))
    if content_encoding:
        raise DecodeError(
            f"the envelope's content is encoded as {content_encoding[:40]!r}, which nobody writes",
            offset=encoding_start,
            quoted=repr(content_encoding[:40]),
        )
    return Envelope(api_version, kind, body, body_start, content_encoding, content_type, unknown)


@lru_cache(maxsize=512)
def _known_type_meta(data: bytes) -> tuple[str, str]:
    """A store has few types and many objects: each type's name is read once."""
    return _read_type_meta(data, 0, len(data))


def _read_type_meta(value: bytes, i: int, end: int) -> tuple[str, str]:
    names = {1: "", 2: ""}
    for number, content in wire.fields(value, i, end):
        if number in names:
            if not isinstance(content, bytes):
                raise wire.WireFault("a string was expected")
            names[number] = content.decode()
    return names[1], names[2]


def write_envelope(api_version: str, kind: str, body: bytes, unknown: bytes = b"") -> bytes:
    """A protobuf value as the storage serializer writes it: content encoding and type are there, and empty."""
    type_meta = wire.delimited(1, api_version.encode()) + wire.delimited(2, kind.encode())
    return PROTOBUF_PREFIX + wire.delimited(1, type_meta) + wire.delimited(2, body) + _NO_CONTENT_TYPE + unknown
