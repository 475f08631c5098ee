"""
Requests of the raft log, as bytes.
"""

from __future__ import annotations

import pytest

from kstore.source.wal.raft_request import SetAlarm, parse_request
from kstore.wire import delimited, tag, varint


@pytest.mark.parametrize("member", [7, (1 << 63) - 1, 0xD3A8_1F00_0000_0001])
def test_a_members_id_is_unsigned(member: int):
    """Ids are random 64 bits: every other one has the highest set, and names its member all the same."""
    alarm = tag(1, 0) + varint(1) + tag(2, 0) + varint(member) + tag(3, 0) + varint(1)
    assert parse_request(delimited(10, alarm)) == SetAlarm(member, 1, True)
