"""
When a request is sent to etcd again: with a new token, on another member, or a moment later, as when the leader has
changed or a server restarts.

A request that may be sent twice is sent until its time is over. A write is sent again only where the server certainly
did not look at it; what becomes of one whose end nobody saw is for `write/commit.py` to find out. How long a store that
stays away is waited for is decided in `write/retry.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import grpc

from kstore.source.etcd.errors import (
    is_learners,
    is_passing,
    is_timeout,
    says_why,
    wants_new_token,
    was_refused_unseen,
)
from kstore.source.etcd.member import Member
from kstore.source.options import SourceOptions

PAUSE = 0.1
"""Seconds between two attempts while a cluster elects a leader or a server restarts."""
_ELECTION = 10.0
"""
Seconds that members which have not answered yet are given to elect a leader, before the quorum counts as lost. Members
that have are known to be a cluster that works: they are given the whole time of a request.
"""
_NO_LEADER = "etcdserver: no leader"


class Attempts:
    """
    The attempts at one request.

    Args:
        members: of the cluster.
        options: how long a request may take, and whether a user is given.
        leave: stops using a member.
        renew: fetches a new token from a member.
        repeatable: whether the request may be sent although it may have happened.
        had_leader: whether a request was ever answered, which takes a leader.
    """

    def __init__(
        self,
        members: Sequence[Member],
        options: SourceOptions,
        *,
        leave: Callable[[Member], None],
        renew: Callable[[Member], None],
        repeatable: bool = True,
        had_leader: bool = True,
    ) -> None:
        self.failed: dict[Member, str] = {}
        """Who has failed since all had, and with what words."""
        self.until = 0.0
        """When a store is given up that was reached before (`time.monotonic`); 0 at the first attempt."""
        self._members = members
        self._options = options
        self._leave = leave
        self._renew = renew
        self._repeatable = repeatable
        self._had_leader = had_leader
        self._why: grpc.RpcError | None = None
        self.begin()

    def begin(self) -> None:
        """Give the request, or what is left of it, its whole time."""
        self._began = time.monotonic()
        self.deadline = self._began + self._options.command_timeout

    @property
    def remaining(self) -> float:
        """Seconds that the request has left."""
        return max(self.deadline - time.monotonic(), 0.001)

    def again(self, member: Member, error: grpc.RpcError) -> bool:
        """
        Whether to send the request again; prepares for it: a new token, another member, a pause.

        Args:
            member: who refused or failed.
            error: what the call ended with.
        """
        if _NO_LEADER in (error.details() or "") and not self._had_leader:
            self.deadline = min(self.deadline, self._began + _ELECTION)
        if not is_timeout(error):
            self._why = error if says_why(error) else None
        if time.monotonic() >= self.deadline or not self._prepared(member, error):
            return False
        self.until = self.deadline
        return True

    def told_by(self, error: grpc.RpcError) -> grpc.RpcError:
        """The error that tells most of a request that failed with `error`: why, rather than that its time is over."""
        return self._why or error

    def _prepared(self, member: Member, error: grpc.RpcError) -> bool:
        if wants_new_token(error) and self._options.user:
            self._renew(member)
            return True
        if not is_passing(error) or not (self._repeatable or was_refused_unseen(error)):
            return False
        self.failed[member] = error.details() or ""
        self._leave(member)
        if len(self.failed) >= len(self._members):
            if all(map(is_learners, self.failed.values())):
                return False  # no time makes a voter of it
            self.failed.clear()
            time.sleep(PAUSE)
        return True
