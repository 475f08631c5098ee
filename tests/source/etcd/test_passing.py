"""
What passes by itself, over a real connection: a read is asked again, a write is sent again only when it certainly did
not happen, and else its end is unknown, and is found out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import grpc
import pytest
from tests.source.scripted_etcd import Refusal, ScriptedEtcd

from kstore.errors import StoreUnreachable
from kstore.records import Put
from kstore.source.etcd.errors import PASSING, Passing
from kstore.source.etcd.live import LiveSource
from kstore.write.commit import Writer, Written
from kstore.write.compare_and_swap import KeyChange

KEY = b"/registry/a"
UNKNOWN, UNAVAILABLE = grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE

Connect = Callable[..., LiveSource]
each = pytest.mark.parametrize(
    "passing",
    [
        passing for passing in PASSING if "learner" not in passing.text
    ],  # no time makes a voter of one: test_a_learner_first
    ids=lambda passing: passing.text.replace(" ", "-"),
)


@pytest.fixture
def server() -> Iterator[ScriptedEtcd]:
    """One key."""
    with ScriptedEtcd() as scripted:
        scripted.put(KEY, b"old")
        yield scripted


@pytest.mark.large
@each
def test_reads_go_on(server: ScriptedEtcd, connect: Connect, passing: Passing) -> None:
    """After as many refusals as there may be the answer is the same."""
    server.refusals.extend([Refusal(UNKNOWN, f"etcdserver: {passing.text}"), Refusal(UNKNOWN, passing.text)])
    found = connect(server.endpoint).get(KEY)
    assert found
    assert found.value == b"old"
    assert server.asked == ["Range"] * 3


@each
def test_writes(server: ScriptedEtcd, connect: Connect, passing: Passing) -> None:
    """What was certainly not carried out is sent again; all else is sent once, and said to have no known end."""
    server.refusals.append(Refusal(UNKNOWN, f"etcdserver: {passing.text}"))
    store = connect(server.endpoint)
    if passing.unseen:
        assert store.commit([Put(KEY, b"new", 2)]).succeeded
        assert server.asked == ["Txn", "Txn"]
        return
    with pytest.raises(StoreUnreachable, match=passing.meaning):
        store.commit([Put(KEY, b"new", 2)])
    assert server.asked == ["Txn"]


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize("code", [UNKNOWN, UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED])
def test_the_end_of_a_write_is_found_out(
    server: ScriptedEtcd, connect: Connect, happened: bool, code: grpc.StatusCode
) -> None:
    """Whether or not the transaction happened, and though the store can't be asked at once: written, and once."""
    store = connect(server.endpoint)
    record = store.get(KEY)
    assert record
    server.refusals.append(Refusal(code, "context deadline exceeded", happened=happened))
    server.refusals.append(Refusal(UNKNOWN, "etcdserver: request timed out, leader transfer took too long"))
    server.refusals.append(Refusal(UNKNOWN, "context canceled"))
    (written,) = Writer[KeyChange](store).write([KeyChange(KEY, record, b"new")])
    assert isinstance(written, Written)
    assert (server.records[KEY].value, server.records[KEY].version) == (b"new", 2)


def test_the_servers_clock_is_ahead(server: ScriptedEtcd, connect: Connect) -> None:
    """
    A server tells of the client's deadline a moment before gRPC does; that is an answer that did not come in time.
    """
    server.refusals.extend([Refusal(UNKNOWN, "context deadline exceeded", at_deadline=True)] * 3)
    store = connect(server.endpoint, command_timeout=0.5)
    with pytest.raises(StoreUnreachable, match="no answer in time") as caught:
        store.get(KEY)
    assert "`command_timeout=`" in caught.value.hint


def test_a_refusal_that_stays(server: ScriptedEtcd, connect: Connect) -> None:
    """The error says what it was, and how long it was asked."""
    server.refusals.extend([Refusal(UNKNOWN, "etcdserver: too many requests")] * 50)
    with pytest.raises(StoreUnreachable, match="more to do than it can keep up with") as caught:
        connect(server.endpoint, command_timeout=0.3).get(KEY)
    assert "`command_timeout=`" in caught.value.hint
