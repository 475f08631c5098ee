"""
What etcd's database says of its cluster, beside the keys: members, version, alarms, leases, how far it has got.

As etcd 3.0 to 3.7 write it (`server/storage/schema`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from kstore.wire import read_varint, signed

_HEX = re.compile(rb"[0-9a-f]{1,16}")
_ALARMS = {1: "NOSPACE", 2: "CORRUPT"}


class ClusterState:
    """
    What the buckets beside `key` hold.

    Args:
        items: keys and values of a bucket, by its name.
    """

    def __init__(self, items: Callable[[bytes], Iterator[tuple[bytes, bytes]]]) -> None:
        self._items = items
        self.meta = dict(items(b"meta"))
        self.granted: dict[int, int] = self._read_leases()
        """Granted seconds by lease."""
        self.raised: set[tuple[int, int]] = self._read_alarms()
        """The members whose alarms are raised, and the alarms' numbers."""

    @property
    def consistent_index(self) -> int:
        """The index of the last raft entry that has been applied to this database."""
        return _big_endian(self.meta.get(b"consistent_index", b""))

    @property
    def term(self) -> int:
        """The raft term of that entry; 0 where etcd (before 3.5) did not note it."""
        return _big_endian(self.meta.get(b"term", b""))

    def voters(self) -> set[int]:
        """The ids of the members that vote: from `confState` (3.5 and later), else of the members."""
        try:
            return {int(voter) for voter in json.loads(self.meta[b"confState"])["voters"]}
        except (KeyError, TypeError, ValueError, RecursionError):
            return {int(name, 16) for name, member in self.members().items() if not member.get("isLearner")}

    def members(self) -> dict[str, dict[str, object]]:
        """The cluster's members by their id in hex."""
        found: dict[str, dict[str, object]] = {}
        for name, value in self._items(b"members"):
            try:
                member = json.loads(value)
            except (ValueError, RecursionError):
                continue
            if isinstance(member, dict) and _HEX.fullmatch(name):
                found[name.decode()] = member
        return found

    def cluster_version(self) -> str:
        """The version that the cluster agreed on, such as `3.6.0`."""
        return dict(self._items(b"cluster")).get(b"clusterVersion", b"").decode(errors="replace")

    def alarms(self) -> tuple[str, ...]:
        """The alarms that are raised, each with its member, as `NOSPACE (member)`."""
        names = {int(number, 16): str(member.get("name") or number) for number, member in self.members().items()}
        return tuple(
            sorted(
                f"{_ALARMS.get(number, str(number))} ({names.get(member, f'{member:x}')})"
                for member, number in self.raised
            )
        )

    def _read_alarms(self) -> set[tuple[int, int]]:
        """The bucket's keys are the messages (`schema/alarm.go`; memberID, alarm)."""
        messages = (dict(_numbers(key)) for key, _ in self._items(b"alarm"))
        return {(each.get(1, 0), each.get(2, 0)) for each in messages}

    def _read_leases(self) -> dict[int, int]:
        """`lease/leasepb/lease.proto`: ID, TTL, RemainingTTL."""
        messages = (dict(_numbers(value)) for _, value in self._items(b"lease"))
        return {signed(each[1]): signed(each.get(2, 0)) for each in messages if 1 in each}


def _numbers(data: bytes) -> Iterator[tuple[int, int]]:
    """The varint fields of a small message, by field number; ends at anything else."""
    position = 0
    try:
        while position < len(data):
            tag, position = read_varint(data, position)
            if tag & 7:
                return
            number, position = read_varint(data, position)
            yield tag >> 3, number
    except (ValueError, IndexError):
        return


def _big_endian(data: bytes) -> int:
    return int.from_bytes(data, "big") if len(data) == 8 else 0
