"""
Which member is asked, with what, and how often: a connection to members that answer as they are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from kstore.errors import AccessDenied, StoreUnreachable
from kstore.source.etcd import connection as connections
from kstore.source.etcd import messages
from kstore.source.etcd.connection import Connection
from kstore.source.etcd.member import Member
from kstore.source.options import SourceOptions

UNSEEN, UNSURE = "etcdserver: no leader", "etcdserver: request timed out"


class Failed(grpc.RpcError):
    """What a call ended with."""

    def __init__(self, details: str, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> None:
        self._details, self._code = details, code

    def details(self) -> str:
        return self._details

    def code(self) -> grpc.StatusCode:
        return self._code


class ByHand(Connection):
    """Members that can be reached, each of which answers a call as it was told; in the end with `done`."""

    def begin(self, answers: dict[int, list[Failed]] | None = None) -> None:
        """Say what the members answer, by their place."""
        self.answers = answers or {}
        self.asked: list[int] = []
        self.sent: list[dict[str, str]] = []
        self.candidates: list[list[int]] = []

    def _race(self, candidates: Sequence[Member]) -> tuple[Member | None, dict[Member, str]]:
        self.candidates.append([self.members.index(one) for one in candidates])
        return candidates[0], {}

    def call(self, member: Member) -> Any:
        """The method of a stub."""
        place = self.members.index(member)

        def answer(request: object, *, timeout: float, metadata: Sequence[tuple[str, str]]) -> str:
            self.asked.append(place)
            self.sent.append(dict(metadata))
            left = self.answers.get(place, [])
            if left:
                raise left.pop(0)
            return "done"

        return answer


def connected(count: int = 2, **options: Any) -> ByHand:
    """A connection to so many members."""
    found = ByHand([f"http://127.0.0.1:{number}" for number in range(1, count + 1)], SourceOptions(**options))
    found.begin()
    return found


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two attempts."""
    from kstore.source.etcd import retry

    monkeypatch.setattr(retry, "PAUSE", 0.0)
    monkeypatch.setattr(connections, "PAUSE", 0.0)


@pytest.mark.parametrize("error", [UNSURE, "Socket closed", "etcdserver: leader changed", "context deadline exceeded"])
def test_a_write_that_may_have_happened(error: str) -> None:
    """It is not sent again, to nobody."""
    found = connected()
    found.begin({0: [Failed(error)], 1: [Failed(error)]})
    with pytest.raises(StoreUnreachable):
        found.ask(found.call, "write", repeatable=False)
    assert found.asked == [0]


def test_a_write_that_was_not_looked_at() -> None:
    """It is sent again, to whoever takes it, until its end is unknown."""
    found = connected()
    found.begin({0: [Failed(UNSEEN)], 1: [Failed(UNSEEN)]})
    assert found.ask(found.call, "write", repeatable=False) == "done"
    assert found.asked == [0, 1, 0]
    found = connected()
    found.begin({0: [Failed(UNSEEN)], 1: [Failed(UNSURE)]})
    with pytest.raises(StoreUnreachable):
        found.ask(found.call, "write", repeatable=False)
    assert found.asked == [0, 1]


def test_a_read_goes_on_to_another_member() -> None:
    """Which has not just failed; the next request stays with it."""
    found = connected(3)
    found.begin({0: [Failed(UNSURE)], 1: [Failed("Socket closed")]})
    assert found.ask(found.call, "read") == "done"
    assert found.ask(found.call, "read") == "done"
    assert found.asked == [0, 1, 2, 2]
    assert found.candidates == [[0, 1, 2], [1, 2], [2]]


@pytest.mark.parametrize("serializable", [True, False])
def test_what_goes_along(serializable: bool) -> None:
    """A member without a leader shall say so, but where one member's own state is wanted; and the token, if any."""
    found = connected(serializable=serializable)
    found.ask(found.call, "read")
    found._token = "t"
    found.ask(found.call, "read")
    leader = {} if serializable else {"hasleader": "true"}
    assert found.sent == [leader, {"token": "t", **leader}]
    assert found._has_answered is not serializable


def test_only_the_member_in_use_is_left() -> None:
    """Another one that has failed late changes nothing."""
    found = connected()
    first, second = found.members
    assert found.member() is first
    found.leave(second)
    assert found._current is first
    found.leave(first)
    assert found._current is None


@pytest.mark.parametrize("details", ["etcdserver: authentication is not enabled", "authentication failed"])
def test_a_server_that_needs_no_token(details: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one is not sent any more; any other refusal is the user's to hear."""
    found = connected(user="root", password="p")
    found._use_token("old")

    def refuse(request: object, timeout: float) -> None:
        raise Failed(details, grpc.StatusCode.FAILED_PRECONDITION)

    monkeypatch.setattr(
        "kstore.source.etcd.connection.rpc.AuthStub", lambda channel: SimpleNamespace(Authenticate=refuse)
    )
    monkeypatch.setattr(messages, "AuthStub", lambda channel: SimpleNamespace(Authenticate=refuse))
    if "not enabled" in details:
        found._authenticate(found.members[0])
        assert found.metadata() == ()
        assert {one.client.metadata for one in found.members} == {None}
        return
    with pytest.raises(AccessDenied):
        found._authenticate(found.members[0])
    found.close()


class Falling(ByHand):
    """Members that cannot be reached for the reasons of a list, one a time; after these they can."""

    reasons: list[str]

    def _race(self, candidates: Sequence[Member]) -> tuple[Member | None, dict[Member, str]]:
        self.candidates.append([self.members.index(one) for one in candidates])
        return (None, {candidates[0]: self.reasons.pop(0)}) if self.reasons else (candidates[0], {})


CLOSED = "recvmsg:Connection reset by peer (104)"
REFUSED = "connect: Connection refused (111)"


@pytest.mark.parametrize(
    ("reasons", "attempts"),
    [
        ([CLOSED], 2), ([CLOSED] * 3, 4), ([CLOSED] * 4, None), ([REFUSED], None), ([CLOSED, REFUSED], None),
        ([], 1),
    ],
)  # fmt: skip
def test_a_connection_that_is_closed_at_once(reasons: list[str], attempts: int | None) -> None:
    """It is tried a few times, for the way to a server may fail now and then; where nobody listens, once is enough."""
    found = Falling(("127.0.0.1:1",), SourceOptions(dial_timeout=60))
    found.begin()
    found.reasons = list(reasons)
    if attempts is None:
        with pytest.raises(StoreUnreachable):
            found.member()
        assert len(found.candidates) == (1 + reasons.count(CLOSED) if REFUSED in reasons else 4)
    else:
        found.member()
        assert len(found.candidates) == attempts
    found.close()
