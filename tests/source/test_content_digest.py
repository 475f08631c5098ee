"""One checksum of all that a store holds."""

from __future__ import annotations

import hashlib

import pytest

from kstore.records import Record
from kstore.source.content_digest import Content, content_of


@pytest.mark.parametrize("lease", [0, 7, (1 << 63) - 1, -1, -(1 << 63)])
def test_a_record_with_a_lease(lease: int) -> None:
    """Lengths, numbers of 8 bytes, key and value; a negative lease is the number that etcd's own bytes are."""
    record = Record(b"/key", b"value", 2, 5, 3, lease)
    numbers = b"".join(number.to_bytes(8, "big") for number in (4, 5, 2, 5, 3, lease % (1 << 64)))
    digest = hashlib.sha256(numbers + b"/keyvalue").hexdigest()
    assert content_of([record]) == Content(1, 9, digest)


def test_whoever_waits_is_told() -> None:
    """Every thousand records or so, and how many there have been."""
    told: list[int] = []
    found = content_of((Record(b"%05d" % number, b"", 1, 1, 1) for number in range(2050)), told.append)
    assert (found.records, found.bytes, told) == (2050, 5 * 2050, [1024, 2048])
