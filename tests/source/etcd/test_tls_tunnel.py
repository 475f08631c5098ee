"""
What a tunnel holds a server to, and what it says of one that does not hold.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from kstore.source.etcd import tls_tunnel
from kstore.source.etcd.endpoint import Endpoint
from kstore.source.options import SourceOptions

ENDPOINT = Endpoint("https://10.0.0.1:2379", tls=True, host="10.0.0.1", port=2379)


class Refused(ssl.SSLError):
    """A session that OpenSSL has refused, or been refused."""

    def __init__(self, reason: str) -> None:
        super().__init__(1, reason)
        self.reason = reason


class Outer:
    """A connection, which notes whether it is closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("given", "name"), [("", "10.0.0.1"), ("etcd.example.com", "etcd.example.com")])
def test_the_name_that_a_certificate_is_held_to(monkeypatch: pytest.MonkeyPatch, given: str, name: str) -> None:
    """The server's address, or the name that was given for it; without a session the connection is closed."""
    outer, held = Outer(), []
    reached: list[Any] = []

    def connect(*address: Any, **named: Any) -> Outer:
        reached.append((address, named))
        return outer

    def wrap(connection: Any, *, server_hostname: str) -> Any:
        held.append(server_hostname)
        raise ssl.SSLError("no")

    monkeypatch.setattr(socket, "create_connection", connect)
    options = SourceOptions(tls_server_name=given, dial_timeout=7)
    with pytest.raises(ssl.SSLError):
        tls_tunnel._session(ENDPOINT, options, SimpleNamespace(wrap_socket=wrap))  # type: ignore[arg-type]
    assert (held, outer.closed) == ([name], True)
    assert reached == [((("10.0.0.1", 2379),), {"timeout": 7})]


def session_of(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
    """Let sessions begin with what the server sends first, or fail."""
    left = list(answers)

    @contextmanager
    def session(*_: Any) -> Any:
        yield SimpleNamespace(recv=lambda _: answer(left.pop(0)))

    def begun(*given: Any) -> Any:
        if isinstance(left[0], tuple):
            raise left.pop(0)[0]
        return session(*given)

    monkeypatch.setattr(tls_tunnel, "_session", begun)
    monkeypatch.setattr(tls_tunnel, "_context", lambda options: None)


def answer(said: Any) -> bytes:
    """What was said, or the error."""
    if isinstance(said, Exception):
        raise said
    found: bytes = said
    return found


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (b"x", ""),
        (b"", None),
        (TimeoutError(), None),
        ((ConnectionRefusedError(),), None),
        ((Refused("ALERT_BAD_CERTIFICATE"),), "ALERT_BAD_CERTIFICATE"),
        (Refused("CERTIFICATE_REQUIRED"), "CERTIFICATE_REQUIRED"),
    ],
)
def test_what_is_wrong_with_a_handshake(monkeypatch: pytest.MonkeyPatch, said: Any, fault: str | None) -> None:
    """Nothing, where the server goes on after it; in TLS's words; or nobody knows, where it ends the connection."""
    session_of(monkeypatch, said)
    assert tls_tunnel.handshake_fault(ENDPOINT, SourceOptions()) == fault


def test_a_tunnel_says_what_was_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why there was no session; nothing any more once there is one."""
    session_of(monkeypatch, (ConnectionRefusedError(111, "Connection refused"),), b"x")
    monkeypatch.setattr(tls_tunnel, "_relay", lambda plain, session: None)
    tunnel = tls_tunnel.Tunnel.__new__(tls_tunnel.Tunnel)
    tunnel._endpoint, tunnel._options, tunnel.fault = ENDPOINT, SourceOptions(), ""
    tunnel._context = None  # type: ignore[assignment]
    said = []
    for _ in range(2):
        ours, theirs = socket.socketpair()
        tunnel._carry(ours)
        said.append(tunnel.fault)
        assert ours.fileno() == -1
        theirs.close()
    assert said == ["Connection refused", ""]
