"""
Which lease a key has when it is written: an Event goes when its lease ends, and so must its copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from kstore.records import Record
from kstore.source.interface import Source


def kept_lease(record: Record) -> int:
    """
    The lease that a key must be written with where it is: its own, or 0.

    A put that names no lease detaches the key from the one that it had (etcd, `server/storage/mvcc/kvstore_txn.go`).
    """
    return record.lease


class Leases(Protocol):
    """Which lease a copy has."""

    def of(self, record: Record) -> int:
        """The lease for a record's copy, or 0."""
        ...


class SameLeases:
    """Within one store a copy has the lease of its original, as long as that is there."""

    def __init__(self, granted: Iterable[int] | None = None) -> None:
        self._granted = None if granted is None else frozenset(granted)

    def of(self, record: Record) -> int:
        """The record's own."""
        return record.lease if self._granted is None or record.lease in self._granted else 0


class GrantedLeases:
    """
    Another store's leases: each is granted there with the same id and the time to live that it was granted with here.

    Args:
        source: whose leases they are.
        grant: `WritableSource.grant_lease` of the other store.
    """

    def __init__(self, source: Source, grant: Callable[[int, int], int]) -> None:
        self._source = source
        self._grant = grant
        self._seconds: dict[int, int] | None = None
        self._granted: dict[int, int] = {}

    def of(self, record: Record) -> int:
        """The lease in the other store; 0 for a record whose own is gone."""
        if not record.lease:
            return 0
        if record.lease not in self._granted:
            seconds = self._time_to_live(record.lease)
            self._granted[record.lease] = self._grant(record.lease, seconds) if seconds else 0
        return self._granted[record.lease]

    def _time_to_live(self, lease: int) -> int:
        if self._source.status().kind == "kine":  # whose leases are but times to live
            return lease
        if self._seconds is None or lease not in self._seconds:  # perhaps granted since they were asked for
            self._seconds = self._source.leases()
        return self._seconds.get(lease, 0)
