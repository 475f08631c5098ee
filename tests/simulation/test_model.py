"""
The model of etcd held against a real one: the same requests to both, the same answers, revisions and refusals.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import grpc
import pytest
from tests.simulation.etcd import Etcd
from tools.cluster import Etcd as RealEtcd

from kstore.source.etcd import messages as rpc
from kstore.source.etcd.live import LiveSource

pytestmark = pytest.mark.etcd

KEYS = [b"/a", b"/a/1", b"/a/2", b"/b", b"/b\xff"]
LEASES = [0, 0, 0, 7, 8]
NEVER = 1 << 40
"""A lease in one run has not the id of another's: this is how far their ids are apart."""

KINDS = ["put", "put", "create", "delete", "both", "range", "past", "count", "page", "grant", "revoke", "times",
         "leases", "compact", "many", "twice", "watch"]  # fmt: skip
STEPS = 600


class Step(NamedTuple):
    """One request."""

    kind: str
    key: int
    lease: int
    off: int
    """How far what it expects, or asks for, is from what is there."""


class Both:
    """The model and a real etcd in the same state, and one client's way to ask them."""

    def __init__(self, real: Any, model: Etcd, turn: int) -> None:
        self._real = real
        self._model = model
        self._turn = turn

    def lease(self, number: int) -> int:
        """An id that no earlier history has used."""
        return number and number + self._turn * 10

    def ask(self, stub: Callable[[Any], Any], name: str, request: Any, answered: Callable[[Any], Any]) -> Any:
        """Send a request to both, and see that they answer alike; the answer, None where it was refused."""
        real = _outcome(lambda: stub(self._real)(request, timeout=60))
        model = _outcome(lambda: answered(request))
        assert _plain(model) == _plain(real), (name, request)
        return None if isinstance(real, tuple) else real

    def kv(self, name: str, request: Any, answered: Callable[[Any], Any]) -> Any:
        return self.ask(lambda client: getattr(client.kvstub, name), name, request, answered)

    def of_lease(self, name: str, request: Any, answered: Callable[[Any], Any]) -> Any:
        return self.ask(lambda client: getattr(client.leasestub, name), name, request, answered)


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except grpc.RpcError as error:
        return error.code(), error.details()


def _plain(answer: Any) -> Any:
    """An answer without what says which cluster it is of, and how many of a lease's seconds are left."""
    if isinstance(answer, tuple):
        return answer
    found = type(answer).FromString(answer.SerializeToString())
    found.header.cluster_id = found.header.member_id = found.header.raft_term = 0
    if isinstance(found, rpc.LeaseTimeToLiveResponse):
        found.TTL = min(found.TTL, 0)
    return found


def _compare(key: bytes, revision: int) -> Any:
    return rpc.Compare(result=rpc.Compare.EQUAL, target=rpc.Compare.MOD, key=key, mod_revision=revision)


def _put(key: bytes, value: bytes, lease: int) -> Any:
    return rpc.RequestOp(request_put=rpc.PutRequest(key=key, value=value, lease=lease))


def _step(both: Both, model: Etcd, step: Step) -> None:
    kind, at, which, off = step
    key, lease = KEYS[at], both.lease(LEASES[which])
    found = model.live.get(key)
    revision = max((found.mod_revision if found else 0) + min(off, 0), 0)
    txn = rpc.TxnRequest()

    def written(request: Any) -> Any:
        return model.txn(request, "")

    match kind:
        case "put" | "create" | "twice" | "many":
            expected = 0 if kind == "create" else revision
            txn.compare.append(_compare(key, expected))
            txn.success.append(_put(key, b"%d" % which, lease))
            if kind == "twice":
                txn.success.append(_put(key, b"again", 0))
            if kind == "many":
                txn.success.extend(_put(b"/many/%d" % number, b"x", 0) for number in range(4))
            elif expected:
                txn.failure.append(rpc.RequestOp(request_range=rpc.RangeRequest(key=key)))
            both.kv("Txn", txn, written)
        case "delete":
            txn.compare.append(_compare(key, revision))
            txn.success.append(rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=key)))
            both.kv("Txn", txn, written)
        case "both":
            other = KEYS[(at + 1) % len(KEYS)]
            theirs = model.live.get(other)
            txn.compare.extend([_compare(key, revision), _compare(other, theirs.mod_revision if theirs else 0)])
            txn.success.append(_put(key, b"both", lease))
            txn.success.append(rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=other)))
            both.kv("Txn", txn, written)
        case "range" | "past" | "count" | "page":
            asked = rpc.RangeRequest(key=key, range_end=b"\0" if off > 1 else b"/b" if off == 1 else b"")
            asked.revision = max(model.revision - which * 2 + (off == 3), 0) if kind == "past" else 0
            asked.count_only, asked.limit, asked.keys_only = kind == "count", which if kind == "page" else 0, which == 3
            both.kv("Range", asked, model.range)
        case "compact":
            asked = rpc.CompactionRequest(revision=max(model.revision - which + (off == 3), 0))

            def compacted(request: Any) -> Any:
                model.compact(request.revision)
                return rpc.CompactionResponse(header=rpc.ResponseHeader(revision=model.revision))

            both.kv("Compact", asked, compacted)
        case "grant":
            both.of_lease("LeaseGrant", rpc.LeaseGrantRequest(ID=lease or both.lease(9), TTL=NEVER >> 20), model.grant)
        case "revoke":

            def revoked(request: Any) -> Any:
                model.revoke(request.ID)
                return rpc.LeaseRevokeResponse(header=rpc.ResponseHeader(revision=model.revision))

            both.of_lease("LeaseRevoke", rpc.LeaseRevokeRequest(ID=lease or both.lease(9)), revoked)
        case "times":
            both.of_lease("LeaseTimeToLive", rpc.LeaseTimeToLiveRequest(ID=lease or both.lease(9)), model.time_to_live)
        case "leases":
            asked = both._real.leasestub.LeaseLeases(rpc.LeaseLeasesRequest(), timeout=60)
            told = model.lease_list(None)
            assert sorted(one.ID for one in asked.leases) == sorted(one.ID for one in told.leases)


@pytest.mark.large
@pytest.mark.parametrize("seed", range(3))
def test_the_same_history(start_etcd: Callable[..., RealEtcd], seed: int) -> None:
    """Random transactions, reads of now and of the past, leases and compactions, from an empty store on."""
    chosen = random.Random(seed)
    server = start_etcd(max_txn_ops="4")
    model = Etcd(operations=4)
    with LiveSource([server.endpoint]) as source:
        client = source.client
        for number in range(STEPS):
            at, which = chosen.randrange(len(KEYS)), chosen.randrange(len(LEASES))
            step = Step(chosen.choice(KINDS), at, which, chosen.randrange(-1, 4))
            if step.kind == "watch":
                assert source.compact_revision() == (model.compacted if model.compacted > 1 else 0)
            else:
                _step(Both(client, model, number // 40), model, step)
            assert source.revision() == model.revision, step
        live = {record.key: record for record in source.scan()}
    assert {key: (one.value, one.create_revision, one.mod_revision, one.version, one.lease) for key, one in
            live.items()} == {key: tuple(one) for key, one in model.live.items()}  # fmt: skip
    assert len(model.events) > STEPS // 10
    assert model.compacted > 0
