"""
One checksum of all that a store holds at a revision: the same for a backup and for the etcd that was restored from it.

The SHA-256 of every live record in key order, each as the lengths and bytes of its key and value and then its create
revision, mod revision, version and lease, all numbers as 8 bytes, big-endian.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kstore.records import Record

_NUMBERS = struct.Struct(">QQQQQQ")
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Content:
    """All live records, counted."""

    records: int
    bytes: int
    """Of keys and values."""
    sha256: str
    """In hex."""


def content_of(records: Iterable[Record], progress: Callable[[int], None] = lambda _: None) -> Content:
    """
    Read records to their end.

    Args:
        records: all of a store, in key order, as of one revision.
        progress: told how many there have been.
    """
    digest = hashlib.sha256()
    count = size = 0
    for count, one in enumerate(records, 1):
        size += len(one.key) + len(one.value)
        numbers = (one.create_revision, one.mod_revision, one.version, one.lease & _MASK)
        digest.update(_NUMBERS.pack(len(one.key), len(one.value), *numbers) + one.key + one.value)
        if not count & 0x3FF:
            progress(count)
    return Content(count, size, digest.hexdigest())
