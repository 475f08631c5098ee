"""
What a store does about compactions, refused sizes and leases, on the model of etcd that the simulation has.
"""

from __future__ import annotations

import pytest
from tests.simulation.decisions import Decisions
from tests.simulation.etcd import Etcd
from tests.simulation.network import Client, Network
from tests.simulation.scheduling import Scheduler

from kstore.errors import Compacted, RequestTooLarge
from kstore.records import Put
from kstore.source.etcd import paging
from kstore.source.etcd.live import LiveSource

KEYS = [b"/a/%02d" % number for number in range(12)]


def connected(etcd: Etcd) -> LiveSource:
    """A store in a world in which all goes well."""
    decisions = Decisions()
    decisions.calm = True
    found = LiveSource(client=Client(Network(etcd), Scheduler(decisions), "us"))
    found._streams = False
    return found


@pytest.fixture
def etcd() -> Etcd:
    """Twelve keys."""
    found = Etcd()
    for key in KEYS:
        found.put(key, b"x", 0, "others")
    return found


@pytest.mark.parametrize("across", [True, False])
def test_a_compaction_during_a_scan(etcd: Etcd, across: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is read at the newest revision, where that was asked for, and once more if need be; else it ends."""
    monkeypatch.setattr(paging, "_FIRST_LIMIT", 2)
    real, more = etcd.range, iter(range(50))
    monkeypatch.setattr(etcd, "range", lambda request: (next(more), real(request))[1])  # which ends a scan without end
    source = connected(etcd)
    scan = (source.across_compactions() if across else source).scan(b"/a/")
    found = [next(scan)]
    etcd.put(KEYS[-1], b"later", 0, "others")
    etcd.compact(etcd.revision)
    if not across:
        with pytest.raises(Compacted):
            found += scan
        return
    found += scan
    assert [(one.key, one.value) for one in found] == [*((key, b"x") for key in KEYS[:-1]), (KEYS[-1], b"later")]
    assert source.compactions == 1


def test_a_size_that_is_refused() -> None:
    """Next time it is half as much, until the server takes it."""
    source = connected(Etcd(request_bytes=1000))
    sizes = [source.limits().request_bytes]
    for size in (5000, 2400, 1100):
        with pytest.raises(RequestTooLarge):
            source.commit([Put(b"/a", b"x" * size, 0)])
        sizes.append(source.limits().request_bytes)
    assert [size // 100 for size in sizes[1:]] == [25, 12, 5]
    assert source.commit([Put(b"/a", b"x" * 500, 0)]).succeeded


def test_a_lease_of_no_seconds(etcd: Etcd) -> None:
    """etcd grants none: it has one."""
    source = connected(etcd)
    assert [source.grant_lease(7, 0), source.grant_lease(8, 60), source.grant_lease(8, 90)] == [7, 8, 8]
    assert etcd.leases == {7: 1, 8: 60}
