"""
Protobuf text: what `protoc --decode`, `prototext` and Go's `String()` make of etcd's messages.

Knows the text format's syntax (https://protobuf.dev/reference/protobuf/textformat-spec/), as far as these messages use
it: numbers, names, quoted bytes, and messages in braces or angle brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kstore.source.dump.go_text import QUOTED, unquote
from kstore.source.dump.printed import Printed
from kstore.source.dump.responses import Tree, walk

_TOKEN = re.compile(
    rb"\s*(?:#[^\n]*\n\s*)*(?:(?P<text>" + QUOTED + rb"|'(?:[^'\\]|\\.)*')|(?P<word>[\w.+-]+)|(?P<sign>[:{}<>,;\[\]]))",
    re.DOTALL,
)
_BEGINS = re.compile(rb"\s*(?:header|kvs?|events?|key|prev_kvs?|succeeded|responses)\s*(?:[:{<]|$)", re.MULTILINE)
_DEEPEST = 32


class _Broken(Exception):
    """This is no protobuf text."""


def read_protobuf_text(data: bytes) -> list[Printed] | None:
    """The keys and values of an answer, or of a `KeyValue`, that was printed as protobuf text."""
    if not _BEGINS.match(data):
        return None
    try:
        tree = _message(_tokens(data.rstrip()), closing=b"", depth=0)
    except _Broken:
        return None
    return list(walk(_one_by_one(tree), _bytes))


def _tokens(data: bytes) -> Iterator[tuple[str, bytes]]:
    position = 0
    while position < len(data):
        match = _TOKEN.match(data, position)
        if match is None or match.lastgroup is None:
            raise _Broken
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()


def _message(tokens: Iterator[tuple[str, bytes]], *, closing: bytes, depth: int) -> Tree:
    """The fields up to the closing bracket, each a list."""
    tree: Tree = {}
    name = ""
    value: bytes | None = None  # quoted texts that follow one another are one
    if depth > _DEEPEST:
        raise _Broken
    for kind, token in tokens:
        if kind == "text":
            if not name:
                raise _Broken
            value = (value or b"") + unquote(token)
            continue
        if value is not None:
            tree.setdefault(name, []).append(value)
            name, value = "", None
        if kind == "word" and name:
            tree.setdefault(name, []).append(token.decode())
            name = ""
        elif kind == "word":
            name = token.decode("ascii", "replace")
        elif token in (b"{", b"<") and name:
            tree.setdefault(name, []).append(_message(tokens, closing=b"}" if token == b"{" else b">", depth=depth + 1))
            name = ""
        elif token == closing:
            return tree
        elif token in (b"}", b">", b"[", b"]", b"{", b"<"):
            raise _Broken
    if value is not None:
        tree.setdefault(name, []).append(value)
    elif name or closing:
        raise _Broken
    return tree


_REPEATED = ("kvs", "events", "responses", "prev_kvs")


def _one_by_one(tree: Tree) -> Tree:
    """The tree with single values for fields that are not repeated, as JSON has it."""
    plain: dict[str, Any] = {}
    for name, values in tree.items():
        members = [_one_by_one(value) if isinstance(value, dict) else value for value in values]
        plain[name] = members if name in _REPEATED or len(members) > 1 else members[0]
    return plain


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""


__all__ = ["read_protobuf_text"]
