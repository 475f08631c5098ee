"""
Values in hex and base64: a value a line or wrapped over several, as databases write bytes, entries of the raft log.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from kstore import wire
from kstore.errors import DecodeError
from kstore.source.dump.etcdctl import read_bare_values, read_keys_and_values
from kstore.source.dump.printed import BINARY, Printed, is_value, is_whole, key_value
from kstore.source.wal.raft_request import Operation, PutRequest, Transaction, parse_request

_HEX_LINE = re.compile(rb"(?:[0-9a-fA-F]{2}){2,}")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_DATABASE_HEX = re.compile(rb"(?:\\+x|0x)((?:[0-9a-fA-F]{2})+)|[xX]'((?:[0-9a-fA-F]{2})+)'")
"""How PostgreSQL (`bytea`), MySQL and SQL Server, and SQLite (`quote()`) write bytes."""
_RULE = re.compile(rb"[-+|= \t]*|\(\d+ rows?\)|[ |\w]*\b(?:value|name|key)\b[ |\w]*")
"""Lines of a table that hold no data: rules, headings, the count of rows."""
_KEY = re.compile(rb"/[!-{}~]+")
_QUANTUM = 4
"""Characters of base64 that make whole bytes."""
_PLAIN = bytes.maketrans(b"-_", b"+/")


def read_hex(data: bytes) -> list[Printed] | None:
    """Hex of values, of entries of the database or of the raft log: one a line, or one over several (`xxd -p`)."""
    lines = data.split()
    if not lines or not all(_HEX_LINE.fullmatch(line) for line in lines):
        return None
    if lines[0].startswith(b"2f"):  # a slash begins a key, and neither a value nor a message
        return read_keys_and_values(bytes.fromhex(b"".join(lines).decode()))
    return [each for line in _unwrapped(lines) for each in read_hex_line(line)]


def read_hex_line(line: bytes) -> list[Printed]:
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


def _entry(data: bytes) -> list[Printed]:
    if is_value(data):
        return read_bare_values(data) or [Printed(None, data)]
    found = key_value(data)
    if found is not None:
        return [found]
    puts = _raft_entry(data)
    return [Printed(None, data)] if puts is None else puts


def _unwrapped(lines: list[bytes]) -> list[bytes]:
    """The lines as they were before they were broken at one width, if they were."""
    values = [bytes.fromhex(line.decode()) for line in lines]
    if not is_value(values[0]):
        return lines
    joined = [values[0]]
    for value in values[1:]:
        if _begins_another(joined[-1], value):
            joined.append(value)
        else:
            joined[-1] += value
    return [value.hex().encode() for value in joined]


def _begins_another(before: bytes, value: bytes) -> bool:
    """Whether a line is a value of its own, or goes on with the one before, in which a brace may come anywhere."""
    return value.startswith(BINARY) or (is_value(value) and is_whole(before))


def _raft_entry(data: bytes) -> list[Printed] | None:
    try:
        request = parse_request(data)
    except wire.WireFault:
        return None
    return list(_puts(request)) if isinstance(request, Operation) else []


def _puts(operation: Operation) -> Iterator[Printed]:
    """Every put of an operation, whichever way its conditions would have gone."""
    if isinstance(operation, PutRequest):
        yield Printed(operation.key, operation.value)
    elif isinstance(operation, Transaction):
        for each in (*operation.success, *operation.failure):
            yield from _puts(each)


def read_base64(data: bytes) -> list[Printed] | None:
    """Values in base64: each on a line (`jq -r '.kvs[].value'`), or broken over several."""
    lines = data.split()
    if not lines or not all(_BASE64_LINE.fullmatch(line) for line in lines):
        return None
    # protobuf in base64 is itself a value that old servers stored; it is read as such all the same
    texts = [lines[0]]
    for line in lines[1:]:
        before, head = _decoded(texts[-1]), _decoded(line[: _QUANTUM * 4])
        if before is not None and head is not None and _begins_another(before, head):
            texts.append(line)
        else:
            texts[-1] += line
    values = [_decoded(text) for text in texts]
    if not all(value is not None and is_value(value) for value in values):
        return None
    return [each for value in values if value is not None for each in read_bare_values(value) or [Printed(None, value)]]


def _decoded(text: bytes) -> bytes | None:
    """The bytes that base64 of either alphabet stands for; None when it breaks off."""
    try:
        return base64.b64decode(text.translate(_PLAIN), validate=True)
    except binascii.Error:
        return None


def read_database_hex(data: bytes) -> list[Printed] | None:
    """What a client of a database prints of bytes, alone or as columns of a table beside the key."""
    found: list[Printed] = []
    for line in data.splitlines():
        matches = [bytes.fromhex((one or two).decode()) for one, two in _DATABASE_HEX.findall(line)]
        values = [each for each in matches if is_value(each)]
        if not values:
            if matches or not _RULE.fullmatch(line.strip()):
                return None
            continue
        text = _DATABASE_HEX.sub(b" ", line)
        key = _KEY.search(text) or next(filter(None, map(_KEY.fullmatch, matches)), None)
        found += [Printed(key[0].rstrip(b",;|\"'") if key else None, value) for value in values]
    return found or None


__all__ = ["read_base64", "read_database_hex", "read_hex", "read_hex_line"]
