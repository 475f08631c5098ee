"""
What a store does about compactions, refused sizes and leases, on the model of etcd that the simulation has.
"""

from __future__ import annotations

from dataclasses import replace

import grpc
import pytest
from tests.simulation.decisions import Decisions
from tests.simulation.etcd import Etcd, Refused
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


@pytest.mark.parametrize(("operations", "asked"), [(128, 1), (12, 2), (5, 3), (1, 13)])
def test_many_keys_at_once(etcd: Etcd, operations: int, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In as few transactions as the server takes, in the order in which they were asked for, at any revision."""
    etcd._operations = operations
    source, requests, real = connected(etcd), [], etcd.txn
    source._limits = replace(source._limits, operations=operations)
    monkeypatch.setattr(etcd, "txn", lambda request, author: (requests.append(request), real(request, author))[1])
    keys = [KEYS[3], b"/not/there", *reversed(KEYS[1:])]
    found = source.get_all(keys)
    assert [record and record.key for record in found] == [key if key in KEYS else None for key in keys]
    assert (len(requests), etcd.revision) == (asked, 13)
    assert source.get_all(keys, revision=2) == [None] * len(keys)
    assert source.get_all([]) == []


def test_keys_are_asked_for_in_parts_that_the_server_takes(etcd: Etcd) -> None:
    """What it takes is learnt, as of writes."""
    etcd._operations = 3
    source = connected(etcd)
    assert [record and record.key for record in source.get_all(KEYS)] == KEYS
    assert 1 <= source.limits().operations <= 3


@pytest.mark.parametrize("refusing", [True, False])
def test_servers_that_take_no_such_transaction(etcd: Etcd, refusing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What knows the apiserver's only (kine), and learners, are asked for one key after the other."""
    refused = []

    def txn(request: object, author: str) -> object:
        refused.append(request)
        raise Refused(grpc.StatusCode.UNIMPLEMENTED, "unsupported transaction")

    monkeypatch.setattr(etcd, "txn", txn)
    source = connected(etcd)
    if not refusing:
        source._connection.options = replace(source.options, serializable=True)
    for _ in range(2):
        assert [record and record.key for record in source.get_all(KEYS)] == KEYS
    assert len(refused) == refusing
