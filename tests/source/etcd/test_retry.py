"""
How long a request is sent again, on a clock of the test's own.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from kstore.source.etcd import retry
from kstore.source.etcd.retry import Attempts
from kstore.source.options import SourceOptions

NO_LEADER, OTHERWISE = "etcdserver: no leader", "etcdserver: too many requests"


class Refused(grpc.RpcError):
    """What a server answers."""

    def __init__(self, details: str) -> None:
        self._details = details

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        return self._details


@pytest.mark.parametrize(
    ("details", "had_leader", "timeout", "given_up"),
    [
        (NO_LEADER, False, 60.0, 10.0),
        (NO_LEADER, False, 5.0, 5.0),  # never longer than a request may take
        (NO_LEADER, True, 60.0, 60.0),
        (OTHERWISE, False, 60.0, 60.0),
    ],
)
def test_how_long(
    details: str, had_leader: bool, timeout: float, given_up: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members that never had a leader are given ten seconds to elect one; all else has a request's whole time."""
    clock = SimpleNamespace(now=100.0)

    def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep))
    member: Any = "one"
    attempts = Attempts(
        [member],
        SourceOptions(command_timeout=timeout),
        leave=lambda _: None,
        renew=lambda _: None,
        had_leader=had_leader,
    )
    for _ in range(1000):
        if not attempts.again(member, Refused(details)):
            break
    assert clock.now - 100 == pytest.approx(given_up, abs=0.2)
