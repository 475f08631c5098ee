"""What a database says of its cluster: leases and alarms."""

from __future__ import annotations

import pytest

from kstore.source.mvcc.cluster_state import ClusterState
from kstore.wire import varint


def state(**buckets: dict[bytes, bytes]) -> ClusterState:
    """The state of these buckets."""
    return ClusterState(lambda name: iter(buckets.get(name.decode(), {}).items()))


@pytest.mark.parametrize("lease", [1, (1 << 63) - 1, -1, -(1 << 63)])
def test_a_lease_of_any_id(lease: int) -> None:
    """Ids are int64, as the keys that have the lease name it; the time to live is in seconds."""
    message = b"\x08" + varint(lease & (1 << 64) - 1) + b"\x10" + varint(60)
    assert state(lease={b"id": message}).granted == {lease: 60}


@pytest.mark.parametrize(
    ("member", "name"), [(b'{"name":"one"}', "one"), (b'{"name":""}', "abc"), (b"{}", "abc"), (b"damaged", "abc")]
)
def test_the_member_of_an_alarm(member: bytes, name: str) -> None:
    """By its name; one that has not joined yet has none, and is told by its id, as one that nobody knows."""
    alarm = b"\x08" + varint(0xABC) + b"\x10\x01"
    assert state(alarm={alarm: b""}, members={b"abc": member}).alarms() == (f"NOSPACE ({name})",)
