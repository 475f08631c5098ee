"""
One connection to an etcd cluster: several endpoints, of which one that works is used, and a token that stays
valid.

Every request goes through here, so that nothing waits for ever, reads move on to another member, writes are
sent once, and what fails is one of kstore's errors naming the endpoints that were tried. Knows nothing of
what is read or written.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import grpc

from kstore.errors import StoreUnreachable, UsageError
from kstore.source.etcd import messages as rpc
from kstore.source.etcd.answers import Answers
from kstore.source.etcd.client import Client
from kstore.source.etcd.endpoint import Endpoint, parse_endpoint
from kstore.source.etcd.errors import (
    cannot_be_tls,
    connection_hint,
    explain,
    is_learners,
    is_timeout,
    only_of_voters,
    took_too_long,
    typed_error,
    was_broken_off,
)
from kstore.source.etcd.member import Member
from kstore.source.etcd.retry import PAUSE, Attempts
from kstore.source.options import SourceOptions

_STAGGER = 0.3
"""Seconds that one endpoint is given before the next one is tried beside it."""
_ATTEMPTS = 4
"""How often a connection is tried that is taken and then closed."""
Call = Callable[[Member], Any]
"""Picks a stub's method, such as `lambda member: member.client.kvstub.Range`."""


@dataclass(slots=True)
class Connection:
    """
    The cluster behind some endpoints.

    Args:
        endpoints: addresses, tried in this order.
        options: credentials and times.
        client: an `etcd3.Etcd3Client` of the caller's own, used instead of opening one; closing it stays his.
    """

    endpoints: Sequence[str]
    options: SourceOptions
    client: Any = None
    members: list[Member] = field(init=False)
    _current: Member | None = field(init=False, default=None)
    _token: str = field(init=False, default="")
    _lock: threading.RLock = field(init=False, default_factory=threading.RLock)
    compactions: int = field(init=False, default=0)
    """How often a scan went on at a newer revision, its own having been compacted away."""
    was_connected: bool = field(init=False, default=False)
    """Whether any endpoint was ever reached: then the store exists, and may be waited for."""
    _has_answered: bool = field(init=False, default=False)
    """Whether a request was ever answered, which takes a leader."""

    def __post_init__(self) -> None:
        if bool(self.options.user) != bool(self.options.password):
            missing = "password" if self.options.user else "user"
            raise UsageError(f"the {missing} is missing", hint="give both, `user=` and `password=`")
        if self.client is not None:
            url = getattr(self.client, "_url", "etcd3 client")
            endpoint = Endpoint(url=url, tls=bool(self.client.uses_secure_channel), host=url, port=0)
            self.members = [Member(endpoint, self.client)]
            return
        addresses = [parse_endpoint(address, self.options) for address in self.endpoints]
        if not addresses:
            raise UsageError("no endpoint is given", hint="an endpoint is https://HOST:PORT")
        self.members = [Member(endpoint, Client(endpoint, self.options)) for endpoint in addresses]

    @property
    def location(self) -> str:
        """The endpoints as a person would write them."""
        return ",".join(member.endpoint.url for member in self.members)

    # ---- requests

    def ask(self, call: Call, request: Any, *, repeatable: bool = True, where: str = "") -> Any:
        """
        Send one request and return its answer.

        Args:
            call: picks the method.
            request: the message.
            repeatable: True for whatever may be sent twice; a write is sent once, to a server that was reached.
            where: what the request is about, for errors.

        Raises:
            StoreUnreachable: no endpoint answers, or none in time.
            KstoreError: what the server answered instead; see `etcd_errors`.
        """
        attempts = self.attempts(repeatable=repeatable)
        while True:
            member = self.member(avoid=attempts.failed, until=attempts.until)
            try:
                answer = call(member)(request, timeout=attempts.remaining, metadata=self._with_leader())
            except grpc.RpcError as error:
                if not attempts.again(member, error):
                    raise self.error(attempts.told_by(error), member, where, attempts.failed) from None
            else:
                self._has_answered = not self.options.serializable
                return answer

    def start(self, call: Call, request: Any) -> grpc.Future[Any]:
        """Send a request without waiting; whoever finds it failed asks again with `ask`."""
        member = self.member()
        future: grpc.Future[Any] = call(member).future(
            request, timeout=self.options.command_timeout, metadata=self.metadata()
        )
        return future

    def open_stream(self, call: Call, request: Any) -> tuple[Member, Answers]:
        """
        Open a streaming call on a member that works; errors come with reading and are raised as grpc's own.
        """
        member = self.member()
        return member, Answers(call(member)(request, metadata=self._with_leader()))

    def attempts(self, *, repeatable: bool = True) -> Attempts:
        """The attempts at a request, of which none was made yet."""
        return Attempts(
            self.members, self.options, leave=self.leave, renew=self._authenticate,
            repeatable=repeatable, had_leader=self._has_answered,
        )  # fmt: skip

    def error(
        self, error: grpc.RpcError, member: Member, where: str = "", failed: dict[Member, str] | None = None
    ) -> Exception:
        """
        What to raise for a call that finally failed; names every endpoint that was tried when none answers.
        """
        place = f"{member.endpoint.url} {where}".strip()
        if self.options.serializable and is_learners(error.details() or ""):
            return only_of_voters(place)
        typed = typed_error(error, place)
        if isinstance(typed, StoreUnreachable):
            if failed:
                typed = unreachable({**failed, member: error.details() or ""})
            given = f"it was given {self.options.command_timeout:g} s; see `command_timeout=`"
            typed.hint = typed.hint or connection_hint(error.details() or "") or given
        return typed

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What to send along with every call: the token, if a user is given."""
        return (("token", self._token),) if self._token else ()

    def _with_leader(self) -> tuple[tuple[str, str], ...]:
        """
        The same, and that a member without a leader shall say so at once, where it would fall silent, as it is told by
        the apiserver's watches (`api/v3rpc/rpctypes/md.go`, MetadataRequireLeaderKey). A write that is refused so was
        not proposed; without it its end would be unknown.
        """
        return self.metadata() if self.options.serializable else (*self.metadata(), ("hasleader", "true"))

    # ---- members

    def member(self, *, avoid: dict[Member, str] | None = None, until: float = 0.0) -> Member:
        """
        The member in use, dialled now if there is none.

        Args:
            avoid: members that just failed, with the reason; used again only when all have.
            until: when a store that was reached before is given up (`time.monotonic`), if that is later than the dial
                timeout: a request that has begun has the whole of its time.

        Raises:
            StoreUnreachable: none answers.
            AccessDenied: user and password are refused.
        """
        with self._lock:
            if self._current is None:
                self._current = self._dial(avoid or {}, until)
                if self.options.user and not self._token:
                    self._authenticate(self._current)
                    self._ask_status_as_user(self._current)
                self.was_connected = True
            return self._current

    def leave(self, member: Member) -> None:
        """Stop using a member; the next request finds another, or the same anew."""
        with self._lock:
            if self._current is member:
                self._current = None

    def _dial(self, avoid: dict[Member, str], until: float) -> Member:
        """
        The first member that answers, preferring those that have a leader and are no learners.

        A store that was reached before may be restarting, and one that takes its time to answer a connection is there:
        these are given the dial timeout as a whole, or until then. A connection that was taken and closed is tried a
        few times more: a way that fails now and then is told so from a server that wants another scheme.
        """
        deadline = max(time.monotonic() + self.options.dial_timeout, until)
        candidates = [member for member in self.members if member not in avoid] or self.members
        attempt = 0
        while True:
            attempt += 1
            found, failures = self._race(candidates)
            if found is None and self._changed_tls(failures):
                found, failures = self._race(candidates)
            if found is not None:
                return found
            candidates = self.members
            slow = any(map(took_too_long, failures.values()))
            broken_off = attempt < _ATTEMPTS and any(map(was_broken_off, failures.values()))
            if not (self.was_connected or avoid or slow or broken_off) or time.monotonic() >= deadline:
                raise unreachable({**avoid, **failures})
            time.sleep(PAUSE * attempt if broken_off else PAUSE)

    def _race(self, candidates: Sequence[Member]) -> tuple[Member | None, dict[Member, str]]:
        """Ask one member after the other for its status, a little apart; the first good answer wins."""
        answers: queue.SimpleQueue[tuple[Member, grpc.Future[Any]]] = queue.SimpleQueue()
        waiting = list(candidates)
        asked = 0
        second_best: Member | None = None
        failures: dict[Member, str] = {}
        deadline = time.monotonic() + self.options.dial_timeout
        while waiting or asked:
            if waiting:
                asked += 1
                self._ask_status(waiting.pop(0), answers)
            try:
                limit = max(deadline - time.monotonic(), 0) + 1
                member, answer = answers.get(timeout=min(_STAGGER, limit) if waiting else limit)
            except queue.Empty:
                if waiting:
                    continue
                break
            asked -= 1
            failure = self._note_status(member, answer)
            if failure:
                failures[member] = failure
            elif member.answers_everything:
                return member, failures
            else:
                second_best = second_best or member
        return second_best, failures

    def _changed_tls(self, failures: dict[Member, str]) -> bool:
        """
        Find out, once for each member, why there is no TLS session with it, which gRPC does not say; whether one is to
        be tried again, because Python's own TLS has no difficulty.
        """
        changed = False
        for member, details in failures.items():
            if not member.endpoint.tls or member.tls_tried or self.client is not None or cannot_be_tls(details):
                continue
            member.tls_tried = True
            if member.endpoint.proxy or self.options.insecure_skip_tls_verify:
                continue
            from kstore.source.etcd.tls_tunnel import handshake_fault

            fault = handshake_fault(member.endpoint, self.options)
            if fault:
                failures[member] = fault
            elif fault is not None:
                member.client.close()
                member.client = Client(member.endpoint, self.options, tunnelled=True)
                changed = True
        return changed

    def _ask_status(self, member: Member, answers: queue.SimpleQueue[tuple[Member, grpc.Future[Any]]]) -> None:
        future = member.client.maintenancestub.Status.future(
            rpc.StatusRequest(), timeout=self.options.dial_timeout, metadata=self.metadata()
        )
        future.add_done_callback(lambda answer: answers.put((member, answer)))

    @staticmethod
    def _note_status(member: Member, answer: grpc.Future[Any]) -> str:
        """Keep what the member said; why it is out of reach, or empty when it is not."""
        try:
            member.status = answer.result()
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE or is_timeout(error):
                return getattr(member.client, "tunnel_fault", "") or error.details() or error.code().name
            # It is there, and only keeps its status to itself (no permission, or an old kine).
            member.status = None
        return ""

    def _authenticate(self, member: Member) -> None:
        """Fetch a token; a server without authentication needs none, as in clientv3's `getToken`."""
        request = rpc.AuthenticateRequest(name=self.options.user, password=self.options.password)
        try:
            answer = rpc.AuthStub(member.client.channel).Authenticate(request, timeout=self.options.dial_timeout)
        except grpc.RpcError as error:
            if "authentication is not enabled" not in (error.details() or ""):
                raise self.error(error, member) from None
            self._use_token("")
            return
        self._use_token(answer.token)

    def _ask_status_as_user(self, member: Member) -> None:
        """The status of a member that has kept it from somebody unknown."""
        if member.status is None:
            with suppress(grpc.RpcError):
                member.status = member.client.maintenancestub.Status(
                    rpc.StatusRequest(), timeout=self.options.dial_timeout, metadata=self.metadata()
                )

    def _use_token(self, token: str) -> None:
        """Send the token with every call, also those that a user makes with the `etcd3` client itself."""
        self._token = token
        for member in self.members:
            member.client.metadata = self.metadata() or None
            member.client.watcher._metadata = member.client.metadata

    # ---- end

    def close(self) -> None:
        """Close what was opened here."""
        self._current = None
        if self.client is None:
            for member in self.members:
                with suppress(Exception):
                    member.client.close()


def unreachable(failures: dict[Member, str]) -> StoreUnreachable:
    """The error that names every endpoint and what was wrong with it."""
    words = "; ".join(f"{member.endpoint.shown}: {explain(details)}" for member, details in failures.items())
    hints = [hint for hint in map(connection_hint, failures.values()) if hint]
    return StoreUnreachable(f"no endpoint answers ({words})", hint=hints[0] if hints else "")
