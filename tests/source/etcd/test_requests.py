"""
What is asked of which member, of members that are only played: whom a connection prefers, and what it tells them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from kstore.source.etcd.connection import Connection
from kstore.source.etcd.endpoint import parse_endpoint
from kstore.source.etcd.member import Member
from kstore.source.options import SourceOptions


class Answered:
    """A future that is done."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def result(self) -> Any:
        return self._result

    def add_done_callback(self, call: Callable[[Any], None]) -> None:
        call(self)


class NoLeader(grpc.RpcError):
    """What a member without a leader answers."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        return "etcdserver: no leader"


def played(leader: int = 1, learner: bool = False) -> Any:
    """A client of a member that knows a leader, or is a learner."""
    header = SimpleNamespace(cluster_id=7, member_id=8)
    status = SimpleNamespace(leader=leader, isLearner=learner, header=header, raftTerm=2, version="3.6.0")
    future = lambda *_, **__: Answered(status)  # noqa: E731
    return SimpleNamespace(maintenancestub=SimpleNamespace(Status=SimpleNamespace(future=future)), close=lambda: None)


def connection(*clients: Any, **options: Any) -> Connection:
    """A connection to these members, `http://10.0.0.0:2379` and so on."""
    given = SourceOptions(**options)
    found = Connection(["http://10.0.0.0:2379"], given)
    found.close()
    found.members = [
        Member(parse_endpoint(f"http://10.0.0.{at}:2379", given), client) for at, client in enumerate(clients)
    ]
    return found


@pytest.mark.parametrize(
    ("members", "chosen"),
    [
        ([played(), played()], 0),
        ([played(leader=0), played()], 1),
        ([played(learner=True), played(leader=0), played()], 2),
        ([played(leader=0), played(leader=0)], 0),
        ([played(learner=True), played(leader=0)], 0),
    ],
)
def test_whom_it_prefers(members: list[Any], chosen: int) -> None:
    """The first that can answer everything, however the others stand; where none can, the first that answered."""
    assert connection(*members).member().endpoint.host == f"10.0.0.{chosen}"


@pytest.mark.parametrize("serializable", [True, False])
def test_what_a_serializable_read_needs(serializable: bool) -> None:
    """No leader, and no quorum: it is not asked for one, and an answer to it tells of none."""
    told: dict[str, Any] = {}

    def call(_member: Any) -> Any:
        return lambda request, **said: told.update(said, request=request) or "answer"

    store = connection(played(), serializable=serializable, command_timeout=60)
    assert store.ask(call, "question") == "answer"
    assert dict(told["metadata"]) == ({} if serializable else {"hasleader": "true"})
    assert 0 < told["timeout"] <= 60
    attempts = store.attempts()
    assert attempts.again(store.member(), NoLeader())
    left = attempts.deadline - time.monotonic()
    assert left <= 10 if serializable else left > 10
