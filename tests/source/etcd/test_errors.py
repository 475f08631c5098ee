"""What a server answers when it refuses, as kstore's own errors; and which refusals pass by themselves."""

from __future__ import annotations

import grpc
import pytest

from kstore.errors import (
    AccessDenied,
    Compacted,
    KstoreError,
    LeaseGone,
    NoSpace,
    RequestTooLarge,
    SourceError,
    StoreUnreachable,
    Unsupported,
)
from kstore.source.etcd.errors import explain, is_passing, typed_error, was_refused_unseen


class Refused(grpc.RpcError):
    """An answer with a status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


CASES = [
    ("OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted", Compacted, False),
    ("RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded", NoSpace, False),
    ("INVALID_ARGUMENT", "etcdserver: request is too large", RequestTooLarge, False),
    ("NOT_FOUND", "etcdserver: requested lease not found", LeaseGone, False),
    ("PERMISSION_DENIED", "etcdserver: permission denied", AccessDenied, False),
    ("UNIMPLEMENTED", "unknown method", Unsupported, False),
    ("UNKNOWN", "unsupported transaction", Unsupported, False),
    ("UNAVAILABLE", "etcdserver: no leader", StoreUnreachable, True),
    ("UNAVAILABLE", "etcdserver: request timed out, possibly due to previous leader failure", StoreUnreachable, True),
    ("UNAVAILABLE", "Socket closed", StoreUnreachable, True),
    ("DEADLINE_EXCEEDED", "Deadline Exceeded", StoreUnreachable, False),
    ("DEADLINE_EXCEEDED", "context deadline exceeded", StoreUnreachable, True),
    ("UNKNOWN", "context deadline exceeded", StoreUnreachable, True),
    ("CANCELLED", "context canceled", StoreUnreachable, True),
    ("CANCELLED", "Locally cancelled by application!", SourceError, False),
    ("CANCELLED", "Stream removed (RST_STREAM (Received RST_STREAM with error code 8))", StoreUnreachable, True),
    ("INTERNAL", "Received RST_STREAM with error code 2", StoreUnreachable, True),
    ("RESOURCE_EXHAUSTED", "etcdserver: too many requests", StoreUnreachable, True),
    ("UNKNOWN", "database is locked (5) (SQLITE_BUSY)", StoreUnreachable, True),
    ("UNKNOWN", "something else", SourceError, False),
]


@pytest.mark.parametrize(("code", "details", "expected", "passing"), CASES)
def test_refusals(code: str, details: str, expected: type[KstoreError], passing: bool) -> None:
    refused = Refused(grpc.StatusCode[code], details)
    error = typed_error(refused, "127.0.0.1:2379")
    assert type(error) is expected
    assert error.where == "127.0.0.1:2379"
    assert is_passing(refused) == passing


@pytest.mark.parametrize(
    ("details", "meaning"),
    [
        ("Stream removed (RST_STREAM (Received RST_STREAM with error code 8))", "no answer in time"),
        ("Received RST_STREAM with error code 2", "it broke off its answer"),
        (
            "UNKNOWN: unix:/run/etcd.sock: connection attempt timed out before receiving SETTINGS frame",
            "it takes the connection, and does not answer",
        ),
        ("ipv4:127.0.0.1:2379: recvmsg:Connection reset by peer (104)", "it closed the connection"),
        ("Trying to connect an http1.x server (HTTP status 400)", "it speaks HTTP, but not etcd's protocol"),
    ],
)
def test_no_words_of_grpcs_own(details: str, meaning: str) -> None:
    """What gRPC and HTTP/2 say of a connection that breaks is told as what it means."""
    assert explain(details) == meaning


def test_what_certainly_did_not_happen() -> None:
    """Only that may be sent again blindly; a locked database may have been, in the end."""
    assert was_refused_unseen(Refused(grpc.StatusCode.UNAVAILABLE, "etcdserver: no leader"))
    assert was_refused_unseen(Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "etcdserver: too many requests"))
    assert not was_refused_unseen(Refused(grpc.StatusCode.UNKNOWN, "database is locked"))
    assert not was_refused_unseen(Refused(grpc.StatusCode.UNAVAILABLE, "Socket closed"))
