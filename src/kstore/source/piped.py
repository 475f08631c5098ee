"""
What other tools print of etcd's keys and values, back to keys and values.

Knows the formats of `etcdctl get` (`-w simple`, `json`, `fields`, `protobuf`, with and without `--hex` and
`--print-value-only`), `etcd-dump-db iterate-bucket`, `etcd-dump-logs -stream-decoder`, and of plain hex and base64;
and what a terminal does to bytes. Knows nothing of what a value means, only how its first bytes look.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator

from kstore import wire
from kstore.decode.envelope import CBOR_PREFIX, PROTOBUF_PREFIX, SEALED_PREFIX
from kstore.errors import DecodeError, TerminalDamage
from kstore.source.dump.go_text import QUOTED, unquote
from kstore.source.mvcc.key_value import parse_key_value
from kstore.source.wal.raft_request import Message, Operation, PutRequest, Transaction, parse_request

Pair = tuple[bytes | None, bytes]
"""A key, where the format tells it, and a value."""

_BINARY = (PROTOBUF_PREFIX, SEALED_PREFIX, CBOR_PREFIX)
_KEY_LINE = re.compile(rb"/[ -~\x80-\xff]*|[!-~]+")
_NEXT = re.compile(rb"\n(?=/[ -~\x80-\xff]*\n(?:\n|[ \t]*\{|k8s\x00|k8s:enc:|\xd9\xd9\xf7))")
"""Where one value of several ends: before a line that is a key with a stored value after it."""
_FIELDS = re.compile(rb'^"(Key|Value)" : (' + QUOTED + rb")\r?$", re.MULTILINE)
_RAW_DUMP = re.compile(rb"^key=(" + QUOTED + rb"), value=(" + QUOTED + rb")\r?$", re.MULTILINE)
_DECODED_DUMP = re.compile(
    rb"^rev=.*?, value=\[key (" + QUOTED + rb") \| val (" + QUOTED + rb") \|.*\r?$", re.MULTILINE
)
_ESCAPED_LINE = re.compile(rb"(?:\\x[0-9a-fA-F]{2})+")
_HEX_LINE = re.compile(rb"(?:[0-9a-fA-F]{2}){2,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]+={0,2}\s*")
_ENVELOPE_TAGS = (0x0A, 0x12, 0x1A, 0x22)
"""The fields of `runtime.Unknown`, which Go always writes, all of them and in this order."""


def read_piped(data: bytes) -> Iterator[Pair]:
    """
    Yield the keys and values in what was printed; the bytes themselves, with no key, when they are no such format.

    Raises:
        DecodeError: there is nothing, or a format that breaks off.
        TerminalDamage: binary values that a terminal has put carriage returns into.
    """
    if not data.strip():
        raise DecodeError(
            "there is nothing to read", where="the input", hint="etcdctl prints nothing for a key that is not there"
        )
    _check_terminal(data)
    forms: tuple[Callable[[bytes], list[Pair] | None], ...] = (
        _bare_values,
        _json_documents,
        _quoted,
        _escaped_hex,
        _hex_lines,
        _base64,
        _range_response,
        _keys_and_values,
    )
    for form in forms:
        found = form(data)
        if found is not None:
            yield from found
            return
    yield None, data


def read_hex_line(line: bytes) -> list[Pair]:
    """
    The keys and values in one line of hex: a stored value, a `KeyValue`, or an entry of the raft log with its puts.

    An entry that puts nothing gives none.

    Raises:
        DecodeError: it is no hex.
    """
    try:
        data = bytes.fromhex(line.strip().decode("ascii"))
    except ValueError:
        raise DecodeError("this is no line of hex", where="the input") from None
    return _entry(data)


def _entry(data: bytes) -> list[Pair]:
    if _is_value(data):
        return [(None, data)]
    for read in (_key_value, _raft_entry):
        found = read(data)
        if found is not None:
            return found
    return [(None, data)]


def _is_value(data: bytes) -> bool:
    return data.startswith(_BINARY) or data.lstrip(b" \t\r\n").startswith(b"{")


def _check_terminal(data: bytes) -> None:
    """`ONLCR` puts a carriage return before every line feed; text formats do not mind, binary values do."""
    damaged = data.count(b"\r\n") == data.count(b"\n") > 0
    at = min((place for mark in _BINARY if (place := data.find(mark)) >= 0), default=-1)
    if damaged and at >= 0:
        raise TerminalDamage(
            "a terminal has put a carriage return before every line feed in these bytes",
            offset=data.find(b"\r\n"),
            where="the input",
            hint="leave out -t of kubectl exec and docker exec, or print with etcdctl get -w json",
        )


# ---- etcdctl


def _json_documents(data: bytes) -> list[Pair] | None:
    """`-w json`: `kvs` of a range, `Events` of a watch; also several documents. Plain objects are values."""
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    found: list[Pair] = []
    decoder = json.JSONDecoder()
    position = 0
    while position < len(text):
        try:
            document, end = decoder.raw_decode(text, position)
        except ValueError:
            return None
        found += _response_pairs(document) if _is_response(document) else [(None, text[position:end].encode())]
        position = end + len(text[end:]) - len(text[end:].lstrip())
    return found


def _is_response(document: object) -> bool:
    return isinstance(document, dict) and "kind" not in document and ("header" in document or "Events" in document)


def _response_pairs(document: dict[str, object]) -> list[Pair]:
    entries = document.get("kvs") or [
        event.get("kv") for event in _dicts(document.get("Events")) if event.get("type") != "DELETE"
    ]
    try:
        return [
            (base64.b64decode(str(entry.get("key", "")), validate=True), base64.b64decode(str(entry.get("value", ""))))
            for entry in _dicts(entries)
        ]
    except binascii.Error as error:
        raise DecodeError(f"a key or value is no base64: {error}", where="the input") from None


def _dicts(value: object) -> list[dict[str, object]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _quoted(data: bytes) -> list[Pair] | None:
    """`-w fields`, and what etcd-dump-db prints: texts as Go quotes them."""
    if data.startswith((b'"ClusterID"', b'"Key"')):
        texts = [(name, unquote(text)) for name, text in _FIELDS.findall(data)]
        keys = [text for name, text in texts if name == b"Key"]
        values = [text for name, text in texts if name == b"Value"]
        if len(keys) != len(values):
            raise DecodeError(f"{len(keys)} keys, but {len(values)} values: it breaks off", where="the input")
        return list(zip(keys, values, strict=True))
    if data.startswith(b"rev="):
        return [(unquote(key), unquote(value)) for key, value in _DECODED_DUMP.findall(data)] or None
    if data.startswith(b'key="'):
        dumped = [(unquote(key), unquote(value)) for key, value in _RAW_DUMP.findall(data)]
        return [pair for key, value in dumped for pair in (_key_value(value) or [(key, value)])] or None
    return None


def _escaped_hex(data: bytes) -> list[Pair] | None:
    """`--hex`: a line of `\\x..` for each key, and one for its value, which is empty for an empty value."""
    lines = data.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    if not all(_ESCAPED_LINE.fullmatch(line) or not line for line in lines):
        return None
    texts = [bytes.fromhex(line.replace(b"\\x", b"").decode()) for line in lines]
    if all(map(_is_value, texts)):
        return [(None, text) for text in texts]
    if len(texts) % 2:
        raise DecodeError("the last key has no value: it breaks off", where="the input")
    return list(zip(texts[::2], texts[1::2], strict=True))


def _range_response(data: bytes) -> list[Pair] | None:
    """`-w protobuf`: a `RangeResponse`, its `kvs` in field 2."""
    try:
        response = Message(data)
        header = Message(response.data(1))
        if header.number(2) == 0 and header.number(1) == 0:
            return None
        return [pair for each in response.all(2) for pair in (_key_value(each) or ())]
    except wire.WireFault:
        return None


def _keys_and_values(data: bytes) -> list[Pair] | None:
    """`-w simple`: a line for the key, then the value and a line feed."""
    found: list[Pair] = []
    position = 0
    while position < len(data):
        end = data.find(b"\n", position)
        key = data[position:end]
        if end < 0 or not _KEY_LINE.fullmatch(key) or not (key.startswith(b"/") or _is_value(data[end + 1 :])):
            return found or None
        stop = _value_end(data, end + 1)
        found.append((key, data[end + 1 : stop]))
        position = stop + 1
    return found


def _bare_values(data: bytes) -> list[Pair] | None:
    """`--print-value-only`: each binary value with a line feed after it; or one value as it is."""
    if not data.startswith(_BINARY):
        return None
    found: list[Pair] = []
    position = 0
    while position < len(data):
        stop = _value_end(data, position)
        found.append((None, data[position:stop]))
        position = stop + 1
        if position < len(data) and not data.startswith(_BINARY, position):
            return [(None, data)]
    return found


def _value_end(data: bytes, start: int) -> int:
    """Where the value that begins here ends, before the line feed that etcdctl prints after it."""
    if data.startswith(b"\n", start):
        return start
    if data.startswith(PROTOBUF_PREFIX, start):
        end = _envelope_end(data, start + len(PROTOBUF_PREFIX))
        if end is not None and (end == len(data) or data.startswith(b"\n", end)):
            return end
    following = _NEXT.search(data, start)
    if following:
        return following.start()
    return len(data) - data.endswith(b"\n")


def _envelope_end(data: bytes, position: int) -> int | None:
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


# ---- hex, base64, log entries


def _hex_lines(data: bytes) -> list[Pair] | None:
    lines = data.split()
    if not all(_HEX_LINE.fullmatch(line) for line in lines):
        return None
    return [pair for line in lines for pair in read_hex_line(line)]


def _base64(data: bytes) -> list[Pair] | None:
    if not _BASE64.fullmatch(data):
        return None
    try:
        value = base64.b64decode(data)
    except binascii.Error:
        return None
    # protobuf in base64 is itself a value that old servers stored; it is read as such all the same
    return [(None, value)] if _is_value(value) else None


def _key_value(data: bytes) -> list[Pair] | None:
    """An `mvccpb.KeyValue`."""
    try:
        record = parse_key_value(data)
    except (ValueError, IndexError):
        return None
    return [(record.key, record.value)] if record.key and record.mod_revision else None


def _raft_entry(data: bytes) -> list[Pair] | None:
    try:
        request = parse_request(data)
    except wire.WireFault:
        return None
    return list(_puts(request)) if isinstance(request, Operation) else []


def _puts(operation: Operation) -> Iterator[Pair]:
    """Every put of an operation, whichever way its conditions would have gone."""
    if isinstance(operation, PutRequest):
        yield operation.key, operation.value
    elif isinstance(operation, Transaction):
        for each in (*operation.success, *operation.failure):
            yield from _puts(each)


__all__ = ["Pair", "read_hex_line", "read_piped"]
