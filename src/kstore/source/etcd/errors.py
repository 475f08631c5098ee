"""
What etcd, kine and gRPC answer when they refuse, as kstore's own errors.

Knows the texts of etcd's errors (`api/v3rpc/rpctypes/error.go`) and of grpc's; decides nothing about retrying
but names the cases in which a retry is sound. The texts decide before the codes do, because the same refusal comes
with more than one code: see `PASSING`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc

from kstore.errors import (
    AccessDenied,
    Compacted,
    DamagedStore,
    FutureRevision,
    KstoreError,
    LeaseExists,
    LeaseGone,
    NoSpace,
    RequestTooLarge,
    SourceError,
    StoreUnreachable,
    Unsupported,
)

_GRPC_OVERHEAD = 512 * 1024
"""What etcd's gRPC server takes beyond `--max-request-bytes` (`server/etcdserver/api/v3rpc/grpc.go`)."""

_LARGER_THAN_MAX = re.compile(r"message larger than max \((\d+) vs\. (\d+)\)")


@dataclass(frozen=True, slots=True)
class Passing:
    """An answer that says nothing of the request itself: another member, or the same a moment later, may take it."""

    text: str
    """A part of the server's words."""
    meaning: str
    """The same for a person; empty where only the rest of the words tells."""
    unseen: bool = False
    """Whether the request was certainly not carried out, so that a write may be sent again."""


_NO_ANSWER = "no answer in time"
_SILENT = "it cannot reach the other members"
_STOPPING = "it is being stopped"

PASSING = (
    # refused before anything was done: by gRPC, by the interceptor (`server/etcdserver/api/v3rpc/interceptor.go`),
    # before the proposal (`server/etcdserver/v3_server.go`, processInternalRaftRequestOnce), by raft itself (`raft.go`,
    # ErrProposalDropped); the interceptor also where a member without a leader is asked by one who wants one
    Passing("failed to connect to all addresses", "", unseen=True),
    Passing("not supported for learner", "it is a learner, which answers serializable reads only", unseen=True),
    Passing("etcdserver: not capable", "it has not joined the cluster yet", unseen=True),
    Passing("too many requests", "it has more to do than it can keep up with", unseen=True),
    Passing("raft proposal dropped", "the members have no leader, or are changing it", unseen=True),
    Passing("no leader", "the members have no leader: the quorum is lost", unseen=True),
    # given up, maybe after the proposal (`server/etcdserver/errors/errors.go`); raft may still carry it out
    Passing("leader changed", "the members have changed their leader"),
    Passing("request timed out", _SILENT),
    Passing("unhealthy cluster", _SILENT),
    Passing("server stopped", _STOPPING),
    Passing("raft: stopped", _STOPPING),
    Passing("request canceled", _NO_ANSWER),
    Passing("request cancelled", _NO_ANSWER),
    Passing("context canceled", _NO_ANSWER),
    Passing("context deadline exceeded", _NO_ANSWER),
    # HTTP/2's CANCEL: a server written in Go ends the stream so when the time of a request is over on its side
    # (grpc-go's `internal/transport/http2_server.go`, operateHeaders); any other end is a proxy's, or a fault
    Passing("RST_STREAM with error code 8", _NO_ANSWER),
    Passing("RST_STREAM", "it broke off its answer"),
    # SQLite under kine, after its busy timeout
    Passing("database is locked", "its database is locked by another writer"),
)
"""
What passes by itself, by the words and not by the code.

etcd sends most of these as UNAVAILABLE, but what it has no code for as UNKNOWN (`server/etcdserver/api/v3rpc/util.go`,
togRPCError). The end of a context, be it the client's deadline, which the server knows, or its own, is UNKNOWN from a
server built with gRPC before 1.45 (grpc-go's pull request 5156), such as etcd 3.5.1; and `etcd grpc-proxy` hands on
every refusal as UNKNOWN, its errors having no gRPC status (`rpctypes.EtcdError`).
"""

_REFUSED = "the server refuses to answer this user or certificate"

# By a part of the message, in this order; then by the code. Each makes the error from (details, where).
_BY_TEXT: tuple[tuple[str, Callable[[str, str], KstoreError]], ...] = (
    (
        "required revision has been compacted",
        lambda details, where: Compacted(
            "the revision has been compacted away",
            where=where,
            hint="read at a newer revision, or from a snapshot that was taken earlier",
        ),
    ),
    (
        "required revision is a future revision",
        lambda details, where: FutureRevision("the store has not come to this revision yet", where=where),
    ),
    (
        "database space exceeded",
        lambda details, where: NoSpace(
            "the server's space quota is used up, it takes no writes",
            where=where,
            hint="compact and defragment it, or raise --quota-backend-bytes; then disarm the NOSPACE alarm",
        ),
    ),
    (
        "CLIENT: Received message larger than max",
        lambda details, where: SourceError("an answer of the server is larger than 1 GiB", where=where),
    ),
    ("request is too large", lambda details, where: RequestTooLarge("the request is too large", where=where)),
    (
        "too many operations in txn request",
        lambda details, where: RequestTooLarge("too many operations in one transaction", where=where),
    ),
    ("message larger than max", lambda details, where: _larger_than_max(details, where)),
    (
        "requested lease not found",
        lambda details, where: LeaseGone("the lease that the key shall have does not exist (any more)", where=where),
    ),
    ("lease already exists", lambda details, where: LeaseExists("there is a lease of this id already", where=where)),
    (
        "corrupt cluster",
        lambda details, where: DamagedStore("the members' data differ (CORRUPT alarm)", where=where),
    ),
    (
        "user name is empty",
        lambda details, where: AccessDenied(
            "the server wants a user", where=where, hint="give `user=` and `password=`, or a client certificate"
        ),
    ),
    (
        "authentication failed",
        lambda details, where: AccessDenied(
            "wrong user or password",
            where=where,
            hint="`user=` and `password=` are those of an etcd user, not of Kubernetes",
        ),
    ),
    (
        "permission denied",
        lambda details, where: AccessDenied(
            "this user may not read or write here",
            where=where,
            hint="`etcdctl role get ROLE` says where it may",
        ),
    ),
    ("invalid auth token", lambda details, where: AccessDenied(_REFUSED, where=where)),
    ("not supported", lambda details, where: Unsupported(details, where=where)),
    ("unsupported", lambda details, where: Unsupported(details, where=where)),
)

_BY_CODE: dict[Any, Callable[[str, str], KstoreError]] = {
    grpc.StatusCode.UNAUTHENTICATED: lambda details, where: AccessDenied(details or _REFUSED, where=where),
    grpc.StatusCode.PERMISSION_DENIED: lambda details, where: AccessDenied(details or _REFUSED, where=where),
    grpc.StatusCode.UNIMPLEMENTED: lambda details, where: Unsupported(
        f"the server does not know this request ({details})", where=where
    ),
    grpc.StatusCode.UNAVAILABLE: lambda details, where: StoreUnreachable(explain(details), where=where),
    grpc.StatusCode.DEADLINE_EXCEEDED: lambda details, where: StoreUnreachable(_NO_ANSWER, where=where),
    grpc.StatusCode.DATA_LOSS: lambda details, where: DamagedStore(details, where=where),
}

_NAME = ("its certificate is for another name", "name the expected host with `tls_server_name=`")
_AUTHORITY = (
    "its certificate is not signed by a known authority",
    "name the certificate of the server's authority with `cacert=`",
)
_SCHEME = "write https:// if the server uses TLS, and http:// if it does not"
_CLOSED = (
    "it closed the connection",
    f"{_SCHEME}; give `cert=` and `key=` if it asks for a client certificate",
)
_SIGNED = "`cert=` and `key=` name one that an authority of the server's --trusted-ca-file has signed"
_CLOSING = ("Socket closed", "Connection reset by peer", "Broken pipe", "End of TCP stream", "GOAWAY")
_NO_HOST = ("there is no host of that name", "")
_UNVERIFIED = "`insecure_skip_tls_verify=True` connects all the same"
_ONE_MEMBER = "`serializable=True` reads what one member has, which may be stale; nothing can be written"
_PORT = "see that etcd runs there, and on which port: its clients use 2379 unless it is configured otherwise"

_CONNECTION: tuple[tuple[str, str, str], ...] = (
    ("Connection refused", "connection refused", _PORT),
    ("certificate has expired", "its certificate has expired", f"renew it; {_UNVERIFIED}"),
    (
        "certificate is not yet valid",
        "its certificate is not valid yet",
        f"compare the clocks of both machines; {_UNVERIFIED}",
    ),
    ("CERTIFICATE_EXPIRED", "it finds the client's certificate expired", "renew the certificate of `cert=`"),
    ("CERTIFICATE_REQUIRED", "it asks for a client certificate", "give `cert=` and `key=`"),
    (
        "ALERT_UNKNOWN_CA",
        "it does not know the authority of the client's certificate",
        _SIGNED,
    ),
    ("Hostname mismatch", *_NAME),
    ("IP address mismatch", *_NAME),
    ("CERTIFICATE_VERIFY_FAILED", *_AUTHORITY),
    ("certificate verify failed", *_AUTHORITY),
    ("Hostname Verification Check failed", *_NAME),
    ("Peer name", *_NAME),
    ("WRONG_VERSION_NUMBER", "it does not speak TLS there", _SCHEME),
    ("UNEXPECTED_EOF_WHILE_READING", "it closed the connection when TLS began", _SCHEME),
    (
        "TSI_DATA_CORRUPTED",
        "it ended the encrypted connection",
        "it may ask for a client certificate, or for another one: give it with `cert=` and `key=`",
    ),
    (
        "ALERT_BAD_CERTIFICATE",
        "it asks for a client certificate, or does not accept the one that it was given",
        _SIGNED,
    ),
    ("Failed parsing HTTP/2", "it does not speak etcd's protocol", _PORT),
    ("before receiving SETTINGS frame", "it takes the connection, and does not answer", _PORT),
    ("http1.x server", "it speaks HTTP, but not etcd's protocol", _PORT),
    *((text, *_CLOSED) for text in _CLOSING),
    ("Domain name not found", *_NO_HOST),
    ("DNS resolution failed", *_NO_HOST),
    ("Network is unreachable", "its network cannot be reached", ""),
    ("keepalive watchdog timeout", "it stopped answering", ""),
    ("Deadline Exceeded", _NO_ANSWER, ""),
    ("no leader", "", _ONE_MEMBER),
    ("not supported for learner", "", _ONE_MEMBER),
)
"""What a failed connection says of itself, what it means, where only this table knows, and what to try."""


def explain(details: str) -> str:
    """
    In a person's words, why a connection or an answer did not come to be; etcd's and grpc's own words if
    unknown.
    """
    for text, meaning, _ in _CONNECTION:
        if meaning and text in details:
            return meaning
    passing = _passing(details)
    if passing and passing.meaning:
        return passing.meaning
    return details.rpartition("last error: ")[2].strip() or "it does not answer"


def connection_hint(details: str) -> str:
    """What to try when a connection failed with these words; empty when there is nothing to say."""
    return next((hint for text, _, hint in _CONNECTION if text in details), "")


def took_too_long(details: str) -> bool:
    """Whether gRPC gave up a single attempt to connect, which it does after a second or two, whatever it is told."""
    return "connection attempt timed out" in details


def was_broken_off(details: str) -> bool:
    """Whether a connection was taken, and closed: by a server that wants another scheme, or by a way that failed."""
    return any(text in details for text in _CLOSING)


def cannot_be_tls(details: str) -> bool:
    """Whether a connection failed before there could be a TLS session."""
    telling = ("Connection refused", "Deadline Exceeded", "Domain name not found", "DNS resolution", "unreachable")
    return any(text in details for text in telling)


def typed_error(error: grpc.RpcError, where: str) -> KstoreError:
    """
    The error of `kstore.errors` that says the same.

    Args:
        error: what a call ended with.
        where: the endpoint, and the key if one was asked for.
    """
    code, details = error.code(), error.details() or ""
    if _passing(details):
        return StoreUnreachable(explain(details), where=where, hint=connection_hint(details))
    for text, make in _BY_TEXT:
        if text in details:
            return make(details, where)
    if code in _BY_CODE:
        return _BY_CODE[code](details, where)
    return SourceError(f"the server answered {code.name}: {details}", where=where)


def _larger_than_max(details: str, where: str) -> RequestTooLarge:
    found = _LARGER_THAN_MAX.search(details)
    size, limit = (int(found[1]), int(found[2]) - _GRPC_OVERHEAD) if found else (0, 0)
    return RequestTooLarge(
        f"a request of {size} bytes is more than the server takes ({limit})" if found else details,
        request_bytes=max(limit, 0),
        where=where,
        hint="etcd's --max-request-bytes sets the limit",
    )


def wants_new_token(error: grpc.RpcError) -> bool:
    """Whether the same request will do with a new token: the server did not look at it."""
    details = error.details() or ""
    return "invalid auth token" in details or "revision of auth store is old" in details


def is_passing(error: grpc.RpcError) -> bool:
    """
    Whether another member, or the same a moment later, may well answer; says nothing about what has happened.
    """
    return error.code() is grpc.StatusCode.UNAVAILABLE or _passing(error.details() or "") is not None


def is_timeout(error: grpc.RpcError) -> bool:
    """Whether the time was over, on this side or the server's."""
    return error.code() is grpc.StatusCode.DEADLINE_EXCEEDED or _meaning(error) == _NO_ANSWER


def says_why(error: grpc.RpcError) -> bool:
    """Whether it is the server's word on why it does not answer."""
    return _meaning(error) not in ("", _NO_ANSWER)


def is_learners(details: str) -> bool:
    """Whether it is a learner that refuses what only a voting member answers."""
    return "not supported for learner" in details


def only_of_voters(where: str) -> Unsupported:
    """
    What no consistency makes a learner do: of all calls it takes serializable ranges, its status and a snapshot
    (`server/etcdserver/api/v3rpc/interceptor.go`, `util.go`: isRPCSupportedForLearner).
    """
    return Unsupported(
        "a learner shows what is stored now: it tells no history, no changes, and takes no writes", where=where,
        hint="ask a voting member, or save a snapshot of the learner: a snapshot has the history",
    )  # fmt: skip


def was_refused_unseen(error: grpc.RpcError) -> bool:
    """Whether a write certainly did not happen, so that it may be sent again."""
    passing = _passing(error.details() or "")
    return passing is not None and passing.unseen


def _meaning(error: grpc.RpcError) -> str:
    passing = _passing(error.details() or "")
    return passing.meaning if passing else ""


def _passing(details: str) -> Passing | None:
    return next((each for each in PASSING if each.text in details), None)
