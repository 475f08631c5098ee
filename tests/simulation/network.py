"""
The way to a simulated etcd: the stubs that kstore calls, and what may become of a request and of its answer.

A call comes in at most once, at any time after it was sent, or never; its answer comes, late, or never. That is all
that the way from kstore to etcd's log can do:

- gRPC sends a call again by itself only where no server has begun with it (gRFC A6, "Transparent Retries": what has
  not left the client, a stream refused or above the last one of a GOAWAY, RFC 9113, 8.7); a retry policy, which could
  do more, comes with a service config, and kstore gives its channels none;
- `etcd grpc-proxy` is a client of etcd's own, which sends a write again only where it had no connection
  (`client/v3/retry.go`, `isSafeRetryMutableRPC`);
- a member forwards a proposal to its leader once, and never again (`server/etcdserver/v3_server.go`).

Beyond that, what was answered may come in once more, as behind a proxy that was told to send again what it has sent. A
write of a key that is there has left the revision that it depends on, and is harmless: the simulation holds kstore to
that. It is not held to what nobody can promise of such a proxy: a creation may be made anew when others have deleted
the key, and so `created_twice` names those; and what was refused comes no more, as the promise has it (see
docs/guarantees.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import grpc
from tests.simulation.etcd import Etcd, Refused
from tests.simulation.scheduling import Scheduler

_CODE = grpc.StatusCode
_UNSENT = Refused(_CODE.UNAVAILABLE, "failed to connect to all addresses; last error: Connection refused")
_BUSY = Refused(_CODE.RESOURCE_EXHAUSTED, "etcdserver: too many requests")
_BROKEN = Refused(_CODE.UNAVAILABLE, "Socket closed")
_CHANGED = Refused(_CODE.UNAVAILABLE, "etcdserver: leader changed")
_TIMED_OUT = Refused(_CODE.UNAVAILABLE, "etcdserver: request timed out")
_NO_LEADER = Refused(_CODE.UNAVAILABLE, "etcdserver: no leader")
_DENIED = Refused(_CODE.PERMISSION_DENIED, "etcdserver: permission denied")
_LATE = Refused(_CODE.DEADLINE_EXCEEDED, "Deadline Exceeded")

WRITES: tuple[tuple[str, Refused | None, bool, bool], ...] = (
    # what happens, what the client is told, whether it happens now, whether (once more) later
    ("goes well", None, True, False),
    ("is not sent", _UNSENT, False, False),
    ("is lost on the way", _BROKEN, False, False),
    ("is done, its answer lost", _BROKEN, True, False),
    ("is done, its answer late", _LATE, True, False),
    ("comes late", _LATE, False, True),
    ("comes late, after a change of leader", _CHANGED, False, True),
    ("is lost by a change of leader", _CHANGED, False, False),
    ("comes late, from the log of a leader without a majority", _TIMED_OUT, False, True),
    ("comes twice", None, True, True),
    ("comes twice, the first answer lost", _BROKEN, True, True),
    ("is refused by a server that is busy", _BUSY, False, False),
    ("is refused for want of a leader", _NO_LEADER, False, False),
    ("is refused for want of a permission", _DENIED, False, False),
)
READS = (None, _UNSENT, _BROKEN, _LATE, _CHANGED, _NO_LEADER, _BUSY, _TIMED_OUT)


class Network:
    """
    What lies between simulated processes and an etcd.

    Args:
        etcd: the server.
        name: of the server, for its decisions.
    """

    def __init__(self, etcd: Etcd, name: str = "") -> None:
        self.etcd = etcd
        self.name = name
        self.created_twice: set[bytes] = set()
        """Keys whose creation was answered, and is on its way once more."""
        self.on_the_way: list[Callable[[], object]] = []
        """Requests that were sent, and may come at any time, whoever sent them."""

    def deliver(self, number: int) -> None:
        """Let one of the requests that are on their way come in."""
        with suppress(Refused):  # nobody hears it
            self.on_the_way.pop(number)()


class Client:
    """
    What `etcd3.Etcd3Client` is to a `Connection`.

    Args:
        network: where to.
        scheduler: the process that calls.
        author: what its writes are signed with in the model's history.
    """

    uses_secure_channel = False

    def __init__(self, network: Network, scheduler: Scheduler, author: str) -> None:
        etcd = network.etcd
        self._url = f"etcd{network.name}"
        self._network = network
        self._scheduler = scheduler
        self._decisions = scheduler.decisions
        self.kvstub = SimpleNamespace(
            Range=self._reading(etcd.range), Txn=self._transaction(lambda request: etcd.txn(request, author))
        )
        self.leasestub = SimpleNamespace(
            LeaseGrant=self._writing(etcd.grant), LeaseLeases=self._reading(etcd.lease_list),
            LeaseTimeToLive=self._reading(etcd.time_to_live),
        )  # fmt: skip
        self.maintenancestub = SimpleNamespace(Status=self._reading(etcd.status), Alarm=self._reading(etcd.alarms))
        self.clusterstub = SimpleNamespace(MemberList=self._reading(etcd.members))
        self.channel = SimpleNamespace(
            stream_stream=lambda *_, **__: self._watch, unary_unary=_none, unary_stream=_none
        )

    def _reading(self, answered: Callable[[Any], Any]) -> _Method:
        def call(request: Any, timeout: float) -> Any:
            self._scheduler.pause("read")
            fault = READS[self._decisions.pick(f"read{self._network.name}", len(READS), 0.03)]
            if fault is None:
                return answered(request)
            self._fail(fault, timeout)
            return None

        return _Method(call)

    def _writing(self, answered: Callable[[Any], Any]) -> _Method:
        def call(request: Any, timeout: float) -> Any:
            self._scheduler.pause("write")
            number = self._decisions.pick(f"write{self._network.name}", len(WRITES), 0.15)
            _, fault, now, later = WRITES[number]
            answer = answered(request) if now else None
            if later and getattr(answer, "succeeded", True):  # what is refused comes no more
                self._network.on_the_way.append(lambda: answered(request))
                if now:
                    self._network.created_twice |= _created(request)
            self._scheduler.pause("answer")
            if fault is not None:
                self._fail(fault, timeout)
            return answer

        return _Method(call)

    def _transaction(self, answered: Callable[[Any], Any]) -> _Method:
        """One that only reads passes by etcd's log, as a range does (`server/etcdserver/v3_server.go`, `Txn`)."""
        reading, writing = self._reading(answered), self._writing(answered)

        def call(request: Any, timeout: float) -> Any:
            reads = not request.compare and all(one.HasField("request_range") for one in request.success)
            return (reading if reads else writing)(request, timeout=timeout)

        return _Method(call)

    def _fail(self, fault: Refused, timeout: float) -> None:
        if fault is _LATE:
            self._scheduler.sleep(timeout)
        raise Refused(fault.code(), fault.details())  # anew: one that is raised again keeps all frames that it came by

    def _watch(self, requests: Iterator[Any], metadata: Any = ()) -> _Stream:
        self._scheduler.pause("watch")
        return _Stream(list(self._network.etcd.watch(next(requests))))

    def close(self) -> None:
        """Nothing is open."""


class _Method:
    """A unary call of a stub."""

    def __init__(self, call: Callable[[Any, float], Any]) -> None:
        self._call = call

    def __call__(self, request: Any, *, timeout: float = 0, metadata: Any = ()) -> Any:
        return self._call(request, timeout)

    def future(self, request: Any, *, timeout: float = 0, metadata: Any = ()) -> _Answer:
        """The same, whose answer is awaited later: it has come by then."""
        try:
            return _Answer(self._call(request, timeout), None)
        except grpc.RpcError as error:
            return _Answer(None, error)


class _Answer:
    """What `grpc.Future` is."""

    def __init__(self, answer: Any, error: grpc.RpcError | None) -> None:
        self._answer = answer
        self._error = error

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._answer

    def add_done_callback(self, told: Callable[[_Answer], None]) -> None:
        told(self)

    def cancel(self) -> None:
        """It has come already."""


class _Stream:
    """The answers of a watch."""

    def __init__(self, answers: list[Any]) -> None:
        self._answers = answers

    def __iter__(self) -> Iterator[Any]:
        return iter(self._answers)

    def cancel(self) -> None:
        """It has ended already."""


def _created(request: Any) -> set[bytes]:
    """The keys that a transaction creates."""
    return {compare.key for compare in getattr(request, "compare", ()) if not compare.mod_revision}


def _none(*_: Any, **__: Any) -> None:
    return None
