"""
Answers of etcd as trees of named fields: in JSON (etcdctl `-w json`, the gRPC gateway, grpcurl), as protobuf text, and
as protobuf messages; of a get, a transaction, a put or deletion with its previous value, and a watch.

Knows `rpc.proto` and `kv.proto` (`api/etcdserverpb`, `api/mvccpb`) by the names of what holds keys and values. All
forms go through the same walk, so that what one form can say the others can.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from typing import Any

from kstore import wire
from kstore.errors import DecodeError
from kstore.source.dump.encodings import read_base64
from kstore.source.dump.printed import Printed, json_end

Tree = dict[str, Any]

_MOST_VALUES = 5_000_000
"""Values of all documents together; a get of a hundred thousand keys prints a million."""
_EVENTS = frozenset({"events"})
_HOLDERS = frozenset({
    "kvs", "kv", "prevkv", "prevkvs", "responses", "response", "responserange", "responseput", "responsedeleterange",
    "responsetxn", "result", "rangeresponse",
})  # fmt: skip
"""The fields that lead to keys and values; without underscores and in lower case, since printers differ in these."""
_ANSWERS = _HOLDERS | _EVENTS | {"header", "succeeded", "deleted"}
_OF_A_KEY = frozenset({"createrevision", "modrevision", "version", "value", "lease"})


def read_json(data: bytes) -> list[Printed] | None:
    """
    Documents of JSON, one after another: answers, and plain objects, which are values themselves.

    Raises:
        DecodeError: more values than are read.
    """
    if data.lstrip()[:1] not in (b"{", b"[", b'"'):
        return None
    # three bytes of text can stand for a list, which takes twenty times as much
    if data.count(b",") > _MOST_VALUES:
        raise DecodeError(f"this JSON has more than {_MOST_VALUES} values", where="the input")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    found: list[Printed] = []
    position = len(text) - len(text.lstrip())
    while position < len(text):
        end = json_end(text, position)
        document = None if end is None else _document(text[position:end])
        if end is None or document is None:
            return None
        found += document
        position = end + len(text[end:]) - len(text[end:].lstrip())
    return found


def _document(text: str) -> list[Printed] | None:
    """One document: an answer, a list of them, a value in base64, or a value as it stands; None for anything else."""
    document = json.loads(text)
    if isinstance(document, str):
        return read_base64(document.encode())
    if isinstance(document, list):
        found = [_document(json.dumps(member, ensure_ascii=False)) for member in document]
        return None if None in found else [each for members in found for each in members or ()]
    if not isinstance(document, dict):
        return None
    if not _is_answer(document):
        return [Printed(None, text.encode("utf-8", "surrogatepass"))]
    return list(walk(document, _base64))


def _is_answer(tree: Tree) -> bool:
    """Whether this is etcd's: no object of Kubernetes, which has a kind."""
    names = {_plain(name) for name in tree}
    return "kind" not in names and "apiversion" not in names and (bool(names & _ANSWERS) or _is_key(tree, names))


def _is_key(tree: Tree, names: set[str]) -> bool:
    """Whether this is a key with its value."""
    return "key" in names and bool(names & _OF_A_KEY) and isinstance(_field(tree, "key"), str | bytes)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _field(tree: Tree, name: str) -> Any:
    """A field, however its name is written."""
    return next((value for found, value in tree.items() if _plain(found) == name), None)


def walk(tree: Tree, decode: Callable[[Any], bytes]) -> Iterator[Printed]:
    """The keys and values in an answer, in their order."""
    names = {_plain(name) for name in tree}
    if _is_key(tree, names):
        yield Printed(_key(tree, decode), decode(_field(tree, "value")))
        return
    for name, value in tree.items():
        members = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]
        if _plain(name) in _EVENTS:
            for event in members:
                yield from _event(event, decode)
        elif _plain(name) in _HOLDERS:
            for member in members:
                yield from walk(member, decode)


def _event(event: Tree, decode: Callable[[Any], bytes]) -> Iterator[Printed]:
    """`mvccpb.Event`: 0 or PUT, 1 or DELETE; what was there before is only of interest when it is gone."""
    kv = _field(event, "kv")
    kv = kv[-1] if isinstance(kv, list) else kv
    if not isinstance(kv, dict):
        return
    key = _key(kv, decode)
    if _field(event, "type") not in (1, "1", "DELETE", [1], ["DELETE"]):
        yield Printed(key, decode(_field(kv, "value")))
        return
    before = _field(event, "prevkv")
    before = before[-1] if isinstance(before, list) else before
    value = decode(_field(before, "value")) if isinstance(before, dict) else b""
    yield Printed(key, value, deleted=True, revision=int(_field(kv, "modrevision") or 0))


def _key(tree: Tree, decode: Callable[[Any], bytes]) -> bytes:
    """The key of a key and value; a person who writes JSON writes it as text."""
    key = _field(tree, "key")
    return key.encode("utf-8", "surrogatepass") if isinstance(key, str) and key.startswith("/") else decode(key)


def _base64(value: Any) -> bytes:
    """
    A key or value in JSON.

    Raises:
        DecodeError: it is no base64.
    """
    try:
        return base64.b64decode(str(value or ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecodeError(f"a key or value is no base64: {error}", where="the input") from None


# ---- protobuf messages

_KEY_VALUE = {1: "key", 2: "create_revision", 3: "mod_revision", 4: "version", 5: "value", 6: "lease"}
_BYTES = ("key", "value", "cancel_reason")
_EVENT = {1: "type", 2: ("kv", _KEY_VALUE), 3: ("prev_kv", _KEY_VALUE)}
_HEADER = {1: "cluster_id", 2: "member_id", 3: "revision", 4: "raft_term"}
_RANGE: dict[int, Any] = {1: ("header", _HEADER), 2: ("kvs", _KEY_VALUE), 3: "more", 4: "count"}
_PUT = {1: ("header", _HEADER), 2: ("prev_kv", _KEY_VALUE)}
_DELETE_RANGE = {1: ("header", _HEADER), 2: "deleted", 3: ("prev_kvs", _KEY_VALUE)}
_RESPONSE: dict[int, Any] = {
    1: ("response_range", _RANGE), 2: ("response_put", _PUT), 3: ("response_delete_range", _DELETE_RANGE),
}  # fmt: skip
_TRANSACTION = {1: ("header", _HEADER), 2: "succeeded", 3: ("responses", _RESPONSE)}
_RESPONSE[4] = ("response_txn", _TRANSACTION)
_WATCH = {
    1: ("header", _HEADER), 2: "watch_id", 3: "created", 4: "canceled", 5: "compact_revision", 6: "cancel_reason",
    7: "fragment", 11: ("events", _EVENT),
}  # fmt: skip
_MESSAGES: tuple[dict[int, Any], ...] = (_RANGE, _WATCH, _TRANSACTION, _DELETE_RANGE, _PUT)
"""The answers that begin with a header; of those that fit the first is meant."""


def read_messages(data: bytes) -> list[Printed] | None:
    """`-w protobuf`: one message; several after one another (a watch) read as one, as protobuf has it."""
    for fields in _MESSAGES:
        try:
            tree = _tree(data, fields)
        except wire.WireFault:
            continue
        headers = tree.get("header")
        if headers and any("cluster_id" in each or "member_id" in each for each in headers):
            return list(walk(tree, _last_bytes))
    return None


def _tree(data: bytes, fields: dict[int, Any]) -> Tree:
    """
    A message as a tree; every field a list.

    Raises:
        WireFault: it is not this message.
    """
    try:
        found = wire.fields(data, 0, len(data))
    except IndexError:
        raise wire.WireFault("the message ends within a field") from None
    tree: Tree = {}
    for number, value in found:
        known = fields.get(number)
        if known is None:
            raise wire.WireFault(f"field {number} is none of this message")
        if isinstance(known, tuple):
            if not isinstance(value, bytes):
                raise wire.WireFault(f"field {number} is a number")
            tree.setdefault(known[0], []).append(_tree(value, known[1]))
        elif isinstance(value, bytes) == (known in _BYTES):
            tree[known] = value
        else:
            raise wire.WireFault(f"field {number} is of another type")
    return tree


def _last_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""


__all__ = ["Tree", "read_json", "read_messages", "walk"]
