"""
What etcdctl prints for people: `-w simple`, `-w fields`, `--hex`, `--print-value-only`, and a watch; and what
`etcd-dump-db iterate-bucket` prints of a database.

Knows these formats (`etcdctl/ctlv3/command/printer_simple.go`, `printer_fields.go`; `tools/etcd-dump-db`), and how to
find the end of a value that is printed as it is.
"""

from __future__ import annotations

import re

from kstore.decode.envelope import PROTOBUF_PREFIX
from kstore.errors import DecodeError
from kstore.source.dump.go_text import QUOTED, unquote
from kstore.source.dump.printed import BINARY, Printed, envelope_end, is_json, is_value, key_value

_KEY_LINE = re.compile(rb"/[ -~\x80-\xff]*|[!-~]+")
COMPACTION_KEY = b"compact_rev_key"
"""Where the apiserver notes its compactions (`storage/etcd3/compact.go`): the key is no path, its value a number."""
_NEXT = re.compile(
    rb"\n(?=/[ -~\x80-\xff]*\n(?:\n|[ \t]*\{|k8s\x00|k8s:enc:|\xd9\xd9\xf7)|" + COMPACTION_KEY + rb"\n\d+\n?\Z)"
)
"""Where one value of several ends: before a line that is a key with a stored value after it."""
_NEXT_EVENT = re.compile(rb"\n(?=(?:PUT|DELETE)\r?\n/)|" + _NEXT.pattern)
_FIELDS = re.compile(rb'^"(Type|Key|ModRevision|Value|PrevValue)" : (' + QUOTED + rb"|[\w-]+)\r?$", re.MULTILINE)
_RAW_DUMP = re.compile(rb"^key=(" + QUOTED + rb"), value=(" + QUOTED + rb")\r?$", re.MULTILINE)
_DECODED_DUMP = re.compile(
    rb"^rev=.*?, value=\[key (" + QUOTED + rb") \| val (" + QUOTED + rb") \|.*\r?$", re.MULTILINE
)
_ESCAPED_LINE = re.compile(rb"(?:\\x[0-9a-fA-F]{2})+")
_EVENT = re.compile(rb"(PUT|DELETE)\r?\n")


def read_quoted(data: bytes) -> list[Printed] | None:
    """`-w fields`, and what etcd-dump-db prints: texts as Go quotes them."""
    if data.startswith((b'"ClusterID"', b'"Key"', b'"Type"')):
        return _fields(data)
    if data.startswith(b"rev="):
        return [Printed(unquote(key), unquote(value)) for key, value in _DECODED_DUMP.findall(data)] or None
    if data.startswith(b'key="'):
        dumped = [(unquote(key), unquote(value)) for key, value in _RAW_DUMP.findall(data)]
        return [key_value(value) or Printed(key, value) for key, value in dumped] or None
    return None


def _fields(data: bytes) -> list[Printed]:
    """The keys of a get, or the events of a watch, field by field."""
    found: list[Printed] = []
    kind, key, before, revision = b"", None, b"", 0
    for name, text in _FIELDS.findall(data):
        if name == b"Type":
            kind, before = text, b""
        elif name == b"PrevValue":
            before = unquote(text)
        elif name == b"Key":
            if key is not None:
                break
            key = unquote(text)
        elif name == b"ModRevision":
            revision = int(text)
        elif key is not None:
            deleted = kind == b"DELETE"
            found.append(Printed(key, before if deleted else unquote(text), deleted, revision if deleted else 0))
            key = None
    if key is not None:
        raise DecodeError(f"the key {key.decode(errors='replace')} has no value: it breaks off", where="the input")
    return found


def read_escaped_hex(data: bytes) -> list[Printed] | None:
    """`--hex`: a line of `\\x..` for each key, and one for its value, which is empty for an empty value."""
    lines = data.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    if not all(_ESCAPED_LINE.fullmatch(line) or not line for line in lines):
        return None
    texts = [bytes.fromhex(line.replace(b"\\x", b"").decode()) for line in lines]
    if all(map(is_value, texts)):
        return [Printed(None, text) for text in texts]
    if len(texts) % 2:
        raise DecodeError("the last key has no value: it breaks off", where="the input")
    return [Printed(key, value) for key, value in zip(texts[::2], texts[1::2], strict=True)]


def read_events(data: bytes) -> list[Printed] | None:
    """A watch as etcdctl shows it: PUT or DELETE on a line, the key with its value before (if asked for) and after."""
    found: list[Printed] = []
    position = 0
    while position < len(data):
        event = _EVENT.match(data, position)
        if event is None:
            return None
        position = event.end()
        pairs: list[Printed] = []
        while position < len(data) and not (pairs and _EVENT.match(data, position)) and len(pairs) < 2:
            pair = _pair(data, position, _NEXT_EVENT)
            if pair is None or (pairs and pair[0].key != pairs[0].key):
                break
            pairs.append(pair[0])
            position = pair[1]
        if not pairs:
            return None
        if event[1] == b"DELETE":
            found.append(Printed(pairs[0].key, pairs[0].value, deleted=True))
        else:
            found.append(pairs[-1])
    return found or None


def read_keys_and_values(data: bytes) -> list[Printed] | None:
    """`-w simple`: a line for the key, then the value and a line feed."""
    found: list[Printed] = []
    position = 0
    while position < len(data):
        pair = _pair(data, position)
        if pair is None:
            return found or None
        found.append(pair[0])
        position = pair[1]
    return found


def _pair(data: bytes, position: int, following: re.Pattern[bytes] = _NEXT) -> tuple[Printed, int] | None:
    """A key and value that begin here, and where they end."""
    end = data.find(b"\n", position)
    key = data[position:end]
    if end < 0 or not _KEY_LINE.fullmatch(key):
        return None
    if not (key.startswith(b"/") or key == COMPACTION_KEY or is_value(data[end + 1 : end + 65])):
        return None
    stop = _value_end(data, end + 1, following)
    return Printed(key, data[end + 1 : stop]), stop + 1


def read_bare_values(data: bytes) -> list[Printed] | None:
    """`--print-value-only`: each binary value with a line feed after it; or one value as it is."""
    if not data.startswith(BINARY):
        return None
    found: list[Printed] = []
    position = 0
    while position < len(data):
        stop = _value_end(data, position)
        found.append(Printed(None, data[position:stop]))
        position = stop + 1
        if position < len(data) and not data.startswith(BINARY, position):
            return [Printed(None, data)]
    return found


def _value_end(data: bytes, start: int, following: re.Pattern[bytes] = _NEXT) -> int:
    """Where the value that begins here ends, before the line feed that etcdctl prints after it."""
    if data.startswith(b"\n", start):
        return start
    if data.startswith(PROTOBUF_PREFIX, start):
        end = envelope_end(data, start + len(PROTOBUF_PREFIX))
        if end is not None and (end == len(data) or data.startswith(b"\n", end)):
            return end
    if data.startswith(b"{", start):
        end = data.find(b"\n", start)
        if end >= 0 and is_json(data[start:end]):
            # the apiserver stores a line feed after the text, which comes before etcdctl's own
            return end + data.startswith(b"\n\n", end)
    match = following.search(data, start)
    return match.start() if match else len(data) - data.endswith(b"\n")


__all__ = ["read_bare_values", "read_escaped_hex", "read_events", "read_keys_and_values", "read_quoted"]
