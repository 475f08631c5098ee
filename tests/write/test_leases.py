"""
Which lease a copy has in another store.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from kstore.records import Record
from kstore.source.interface import StoreStatus
from kstore.testing import MemorySource
from kstore.write.leases import GrantedLeases


class Leasing(MemorySource):
    """A store whose leases are asked for, and are counted."""

    kind = "memory"
    asked = 0

    def status(self) -> StoreStatus:
        return replace(super().status(), kind=self.kind)

    def leases(self) -> dict[int, int]:
        self.asked += 1
        return dict(self.granted)


class Elsewhere(list[tuple[int, int]]):
    """What is granted in the other store, under an id of its own."""

    def grant(self, lease: int, seconds: int) -> int:
        self.append((lease, seconds))
        return lease + 100


def on(lease: int) -> Record:
    """A record on a lease."""
    return Record(b"/registry/events/a", b"x", 1, 1, 1, lease)


@pytest.fixture
def source() -> Leasing:
    """A store with two leases."""
    found = Leasing()
    found.granted = {7: 3600, 8: 60}
    return found


def test_a_lease_is_granted_once(source: Leasing) -> None:
    """With the seconds that it was granted with here, for all records that have it."""
    elsewhere = Elsewhere()
    leases = GrantedLeases(source, elsewhere.grant)
    assert [leases.of(on(lease)) for lease in (7, 8, 7, 8, 0)] == [107, 108, 107, 108, 0]
    assert elsewhere == [(7, 3600), (8, 60)]
    assert source.asked == 1


def test_a_lease_that_is_gone(source: Leasing) -> None:
    """Its copy has none: a new lease would not end with anything that anybody knows."""
    elsewhere = Elsewhere()
    leases = GrantedLeases(source, elsewhere.grant)
    assert [leases.of(on(lease)) for lease in (9, 9, 7)] == [0, 0, 107]
    assert elsewhere == [(7, 3600)]


def test_a_lease_that_was_granted_meanwhile(source: Leasing) -> None:
    """The store is asked again for one that it did not have."""
    elsewhere = Elsewhere()
    leases = GrantedLeases(source, elsewhere.grant)
    assert leases.of(on(7)) == 107
    source.granted[9] = 5
    assert leases.of(on(9)) == 109
    assert elsewhere == [(7, 3600), (9, 5)]


def test_leases_of_kine(source: Leasing) -> None:
    """They are times to live, which no list of leases has."""
    source.kind = "kine"
    elsewhere = Elsewhere()
    assert GrantedLeases(source, elsewhere.grant).of(on(1800)) == 1900
    assert elsewhere == [(1800, 1800)]
    assert source.asked == 0
