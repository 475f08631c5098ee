"""
What other tools print of etcd's keys and values, back to keys and values.

A form is a function in a module of this folder: it gives what it read, or None when the input is not in its form. The
table below has them in the order in which they are asked, the surest first. Knows nothing of what a value means, only
how its first bytes look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kstore.errors import DecodeError, TerminalDamage
from kstore.source.dump.encodings import read_base64, read_database_hex, read_hex
from kstore.source.dump.etcdctl import (
    COMPACTION_KEY,
    read_bare_values,
    read_escaped_hex,
    read_events,
    read_keys_and_values,
    read_quoted,
)
from kstore.source.dump.hex_dump import undump
from kstore.source.dump.printed import BINARY, Printed
from kstore.source.dump.protobuf_text import read_protobuf_text
from kstore.source.dump.responses import read_json, read_messages
from kstore.source.dump.text_encoding import as_utf8

Form = Callable[[bytes], list[Printed] | None]


def _dumped(data: bytes) -> list[Printed] | None:
    """A dump of bytes: whatever they are in turn."""
    content = undump(data)
    return None if content is None else list(read_dump(content))


FORMS: tuple[Form, ...] = (
    read_bare_values,
    read_json,
    read_quoted,
    read_escaped_hex,
    _dumped,
    read_database_hex,
    read_hex,
    read_base64,
    read_messages,
    read_protobuf_text,
    read_events,
    read_keys_and_values,
)


def read_dump(data: bytes) -> Iterator[Printed]:
    """
    Yield the keys and values in what was printed; the bytes themselves, with no key, when they are in no such form.

    Raises:
        DecodeError: there is nothing, or a form that breaks off.
        TerminalDamage: binary values that a terminal has put carriage returns into, or a shell written as text.
    """
    _check_terminal(data)
    data = as_utf8(data)
    if not data.strip():
        raise DecodeError(
            "there is nothing to read", where="the input", hint="etcdctl prints nothing for a key that is not there"
        )
    for form in FORMS:
        found = form(data)
        if found is not None:
            if not found:
                raise DecodeError("there is no key and no value in this answer", where="the input")
            yield from found
            return
    yield Printed(None, data)


def _check_terminal(data: bytes) -> None:
    """`ONLCR` puts a carriage return before every line feed; text formats do not mind, binary values do."""
    damaged = data.count(b"\r\n") == data.count(b"\n") > 0
    at = min((place for mark in BINARY if (place := data.find(mark)) >= 0), default=-1)
    if damaged and at >= 0:
        raise TerminalDamage(
            "a terminal has put a carriage return before every line feed in these bytes",
            offset=data.find(b"\r\n"),
            where="the input",
            hint="leave out -t of kubectl exec and docker exec, or print with etcdctl get -w json",
        )


__all__ = ["COMPACTION_KEY", "FORMS", "Form", "Printed", "read_dump"]
