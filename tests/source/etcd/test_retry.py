"""
When a request is sent to etcd again, and for how long: what may have happened is not, unless it may happen twice.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from kstore.source.etcd import retry
from kstore.source.etcd.endpoint import Endpoint
from kstore.source.etcd.member import Member
from kstore.source.etcd.retry import Attempts
from kstore.source.options import SourceOptions

A, B = (Member(Endpoint(url=name, tls=False, host=name, port=0), None) for name in "ab")
CODES = grpc.StatusCode


class Failed(grpc.RpcError):
    """What a call ended with."""

    def __init__(self, details: str, code: grpc.StatusCode = CODES.UNKNOWN) -> None:
        self._details, self._code = details, code

    def details(self) -> str:
        return self._details

    def code(self) -> grpc.StatusCode:
        return self._code


class Clock(SimpleNamespace):
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        super().__init__(now=100.0)

    def monotonic(self) -> float:
        return float(self.now)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the module."""
    found = Clock()
    monkeypatch.setattr(retry, "time", found)
    return found


def attempts(
    *members: Member, done: list[str] | None = None, user: str = "", timeout: float = 30, **named: Any
) -> Attempts:
    """The attempts at a request, which note what they do."""
    noted = done if done is not None else []
    options = SourceOptions(command_timeout=timeout, user=user, password=user)
    return Attempts(
        members or (A, B), options,
        leave=lambda member: noted.append(f"leave {member.endpoint.url}"),
        renew=lambda member: noted.append(f"renew {member.endpoint.url}"),
        **named,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (Failed("no leader"), True, True),
        (Failed("raft proposal dropped"), True, True),
        (Failed("too many requests", CODES.RESOURCE_EXHAUSTED), True, True),
        (Failed("not supported for learner"), True, True),
        (Failed("leader changed", CODES.UNAVAILABLE), True, False),
        (Failed("request timed out", CODES.UNAVAILABLE), True, False),
        (Failed("server stopped"), True, False),
        (Failed("Socket closed", CODES.UNAVAILABLE), True, False),
        (Failed("context deadline exceeded"), True, False),
        (Failed("database space exceeded", CODES.RESOURCE_EXHAUSTED), False, False),
        (Failed("permission denied", CODES.PERMISSION_DENIED), False, False),
        (Failed("request is too large", CODES.INVALID_ARGUMENT), False, False),
    ],
)
@pytest.mark.usefixtures("clock")
def test_what_is_sent_again(error: Failed, read: bool, write: bool) -> None:
    """A read whenever that passes; a write only where the server certainly did not look at it."""
    assert attempts().again(A, error) is read
    assert attempts(repeatable=False).again(A, error) is write


def test_another_member_is_asked(clock: Clock) -> None:
    """One that has failed is left, and the next is asked at once; when all have, there is a pause."""
    done: list[str] = []
    found = attempts(done=done)
    assert found.again(A, Failed("no leader"))
    assert (done, list(found.failed), clock.now) == (["leave a"], [A], 100.0)
    assert found.again(B, Failed("no leader"))
    assert (done, found.failed) == (["leave a", "leave b"], {})
    assert clock.now == 100.0 + retry.PAUSE


def test_how_long_it_is_tried(clock: Clock) -> None:
    """As long as a request may take, from when it, or what is left of it, began."""
    found = attempts()
    clock.now += 29
    assert found.again(A, Failed("no leader"))
    assert found.until == 130.0
    found.begin()
    clock.now += 29
    assert found.again(B, Failed("leader changed"))
    clock.now += 1.1
    assert not found.again(A, Failed("leader changed"))
    assert 0 < found.remaining <= 0.001


@pytest.mark.parametrize(("had_leader", "seconds"), [(True, 30), (False, 10)])
def test_a_cluster_without_a_leader(clock: Clock, had_leader: bool, seconds: int) -> None:
    """One that never had one, as far as is known, is given the time of an election; another the whole time."""
    found = attempts(had_leader=had_leader)
    error = Failed("etcdserver: no leader", CODES.UNAVAILABLE)
    assert found.again(A, error)
    clock.now = 100 + seconds - 0.2
    assert found.again(B, error)
    clock.now = 100 + seconds + 0.2
    assert not found.again(A, error)


@pytest.mark.usefixtures("clock")
def test_nothing_but_learners() -> None:
    """No time makes a voter of one; a voter among them is worth the while."""
    learner = Failed("etcdserver: rpc not supported for learner")
    found = attempts()
    assert found.again(A, learner)
    assert not found.again(B, learner)
    found = attempts()
    assert found.again(A, learner)
    assert found.again(B, Failed("no leader"))


@pytest.mark.parametrize("words", ["invalid auth token", "revision of auth store is old"])
@pytest.mark.parametrize("user", ["", "root"])
@pytest.mark.usefixtures("clock")
def test_a_token_that_is_over(user: str, words: str) -> None:
    """
    A user's is fetched anew, and a write sent again; who gave no user has none to fetch. So where users or roles have
    changed since the token was given.
    """
    done: list[str] = []
    found = attempts(done=done, user=user, repeatable=False)
    error = Failed(f"etcdserver: {words}", CODES.UNAUTHENTICATED)
    assert found.again(A, error) is bool(user)
    assert done == (["renew a"] if user else [])


@pytest.mark.usefixtures("clock")
def test_what_is_told_at_the_end() -> None:
    """Why it failed before its time was over, rather than that it is over; but not what has passed since."""
    over = Failed("Deadline Exceeded", CODES.DEADLINE_EXCEEDED)
    why, other = Failed("no leader", CODES.UNAVAILABLE), Failed("Socket closed", CODES.UNAVAILABLE)
    found = attempts()
    assert found.told_by(over) is over
    found.again(A, why)
    found.again(B, over)
    assert found.told_by(over) is why
    found.again(A, other)
    assert found.told_by(over) is over


NO_LEADER, OTHERWISE = "etcdserver: no leader", "etcdserver: too many requests"


@pytest.mark.parametrize(
    ("details", "had_leader", "timeout", "given_up"),
    [
        (NO_LEADER, False, 60.0, 10.0),
        (NO_LEADER, False, 5.0, 5.0),  # never longer than a request may take
        (NO_LEADER, True, 60.0, 60.0),
        (OTHERWISE, False, 60.0, 60.0),
    ],
)
def test_how_long(clock: Clock, details: str, had_leader: bool, timeout: float, given_up: float) -> None:
    """Members that never had a leader are given ten seconds to elect one; all else has a request's whole time."""
    tried = attempts(A, timeout=timeout, had_leader=had_leader)
    for _ in range(1000):
        if not tried.again(A, Failed(details, CODES.UNAVAILABLE)):
            break
    assert clock.now - 100 == pytest.approx(given_up, abs=0.2)
