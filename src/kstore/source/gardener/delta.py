"""
What a delta snapshot holds: etcd's events as JSON, and their SHA-256 at the end, the whole compressed or not.

Knows the form (`pkg/snapshot/snapshotter/snapshotter.go`: `handleDeltaWatchEvents`, `TakeDeltaSnapshot`): the events
are clientv3's as Go marshals them, so bytes are base64 and what is zero is left out. Knows nothing of their use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from typing import IO, Any, cast

from kstore.errors import DamagedStore
from kstore.records import Record
from kstore.source.archive.compression import decompressed, format_of, unpacking_errors
from kstore.source.archive.unpack import Peeked

LARGEST = 1 << 30
"""Bytes of one, unpacked; etcd-backup-restore writes one as soon as its events have 10 MiB, unless told otherwise."""
_DIGEST = 32
_DELETE = (1, "DELETE")
Event = tuple[int, bytes, Record | None]
"""A revision, a key, and its record; None where the key was deleted."""


def read_delta(stream: IO[bytes], where: str) -> list[Event]:
    """
    The events of a delta snapshot, in their order.

    Raises:
        DamagedStore: it is not whole, or something else.
    """
    try:
        peeked = Peeked(stream)
        content = cast(IO[bytes], peeked)
        data = _all_of(decompressed(content, peeked.head) if format_of(peeked.head) else content)
    except unpacking_errors() as error:
        raise DamagedStore(f"it cannot be unpacked: {error}", where=where) from None
    if len(data) > LARGEST:
        raise DamagedStore(f"it has more than {LARGEST >> 20} MiB", where=where)
    body, digest = data[:-_DIGEST], data[-_DIGEST:]
    found = hashlib.sha256(body).digest()
    if len(data) <= _DIGEST or found != digest:
        raise DamagedStore(f"its SHA-256 is {found.hex()}, at its end it says {digest.hex()}", where=where)
    try:
        return list(_events(json.loads(body)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise DamagedStore(f"it is no list of events: {type(error).__name__}: {error}", where=where) from None


def _all_of(stream: IO[bytes]) -> bytes:
    """What a stream holds, or a little more than may be."""
    data = bytearray()
    while len(data) <= LARGEST and (piece := stream.read(1 << 20)):
        data += piece
    return bytes(data)


def _events(listed: list[dict[str, Any]]) -> Iterator[Event]:
    for each in listed:
        event = each["etcdEvent"]
        pair = event["kv"]
        key, revision = base64.b64decode(pair["key"], validate=True), int(pair["mod_revision"])
        if event.get("type") in _DELETE:
            yield revision, key, None
            continue
        value = base64.b64decode(pair.get("value") or "", validate=True)
        created, version = int(pair["create_revision"]), int(pair["version"])
        yield revision, key, Record(key, value, created, revision, version, int(pair.get("lease") or 0))


__all__ = ["Event", "read_delta"]
