"""
One HTTP request to a server that is not trusted to answer: a deadline for the whole exchange, a limit of its answer.

`http.client` waits anew for every byte, so a server that sends one now and then, or `100 Continue` for ever, holds it
without end. Here one clock runs from the name's resolution to the last byte. Knows nothing of who is asked for what.
"""

from __future__ import annotations

import http.client
import ipaddress
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

_PIECE = 64 << 10


class ExchangeFailed(Exception):
    """
    There is no answer that can be used.

    Args:
        reason: what happened, in words.
        kind: `unreachable` when no connection could be made, `tls` when the two sides do not trust or understand each
            other, `deadline` and `size` when there was too little or too much of an answer, `protocol` when it was not
            HTTP.
    """

    def __init__(self, reason: str, kind: Literal["unreachable", "tls", "deadline", "size", "protocol"]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer."""

    status: int
    reason: str
    headers: Message
    body: bytes


class _Deadline:
    """A point in time."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """
        The seconds that are left.

        Raises:
            TimeoutError: none are.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _TimedSocket(socket.socket):
    """A socket whose every wait ends at the deadline of the exchange."""

    deadline: _Deadline | None = None

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        """See `socket.recv_into`."""
        if self.deadline is not None:
            self.settimeout(self.deadline.left())
        return super().recv_into(*arguments, **named)

    def sendall(self, *arguments: Any, **named: Any) -> None:
        """See `socket.sendall`, whose timeout is that of the whole."""
        if self.deadline is not None:
            self.settimeout(self.deadline.left())
        super().sendall(*arguments, **named)


class _TimedTlsSocket(ssl.SSLSocket):
    """The same with TLS, whose `sendall` calls `send` for each piece."""

    deadline: _Deadline | None = None

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        """See `socket.recv_into`."""
        if self.deadline is not None:
            self.settimeout(self.deadline.left())
        return super().recv_into(*arguments, **named)

    def send(self, *arguments: Any, **named: Any) -> int:
        """See `socket.send`."""
        if self.deadline is not None:
            self.settimeout(self.deadline.left())
        return super().send(*arguments, **named)


class _Connection(http.client.HTTPConnection):
    """A connection, over TLS where there is a context; the deadline of each exchange is set from outside."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, server_name: str) -> None:
        super().__init__(host, port)
        self._tls = tls
        self._server_name = server_name
        self.deadline = _Deadline(0)

    def start(self, deadline: _Deadline) -> None:
        """Begin an exchange on this connection."""
        self.deadline = deadline
        if isinstance(self.sock, _TimedSocket | _TimedTlsSocket):
            self.sock.deadline = deadline

    def connect(self) -> None:
        """See `HTTPConnection.connect`: through the proxy's tunnel, if one is set, and TLS inside it."""
        self._create_connection = self._open
        super().connect()
        if self._tls is not None:
            self.sock.settimeout(self.deadline.left())
            self._tls.sslsocket_class = _TimedTlsSocket
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._server_name)
            self.start(self.deadline)

    def _open(self, address: tuple[str, int], *_: Any) -> _TimedSocket:
        failure: OSError = OSError("the name has no address")
        for family, _, protocol, _, place in _addresses(*address, self.deadline):
            opened = _TimedSocket(family, socket.SOCK_STREAM, protocol)
            try:
                opened.settimeout(self.deadline.left())
                opened.connect(place)
            except OSError as error:
                opened.close()
                failure = OSError("no connection was made in time") if isinstance(error, TimeoutError) else error
                continue
            opened.deadline = self.deadline
            return opened
        raise failure

    @property
    def is_stale(self) -> bool:
        """Whether the server has closed the connection, or spoken without being asked."""
        return self.sock is not None and bool(select.select([self.sock], [], [], 0)[0])


def _addresses(host: str, port: int, deadline: _Deadline) -> list[Any]:
    """`getaddrinfo`, which itself can be given no time: a thread asks, and is left behind if it takes too long."""
    try:
        ipaddress.ip_address(host)
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError:
        pass
    answers: queue.SimpleQueue[list[Any] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="kstore-resolve").start()
    try:
        found = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, UnicodeError):
        raise OSError(f"{host!r} is no name of a host")
    if isinstance(found, OSError):
        raise found
    return found


class HttpClient:
    """
    Asks one server; may be used by several threads at once, each exchange with a connection to itself.

    Args:
        url: the server, `https://host:port`; its path and query begin every request's.
        tls: how a server of `https` is verified.
        timeout: seconds for each whole exchange.
        limit: bytes of an answer's body that are taken.
        server_name: the name that the server's certificate must bear, if not the URL's host.
        proxy: `http://[user:password@]host:port`, which is asked to connect; empty for none.
        keep_alive: use the connection again, instead of closing it after each exchange.

    Raises:
        ValueError: not a URL of http or https, or a proxy that is not reached by plain HTTP.
    """

    def __init__(
        self,
        url: str,
        *,
        tls: ssl.SSLContext | None = None,
        timeout: float,
        limit: int,
        server_name: str = "",
        proxy: str = "",
        keep_alive: bool = False,
    ) -> None:
        self._idle: list[_Connection] = []
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no URL of http or https")
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._tls = (tls or verifying_context()) if parts.scheme == "https" else None
        self._server_name = server_name or parts.hostname
        self._proxy = urlsplit(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
        if self._proxy is not None and (self._proxy.scheme != "http" or not self._proxy.hostname):
            raise ValueError(f"a proxy is http://HOST:PORT, not one of {self._proxy.scheme}")
        self._timeout = timeout
        self._limit = limit
        self._keep_alive = keep_alive

    def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> HttpAnswer:
        """
        One exchange, whatever its status; redirects are not followed.

        Raises:
            ExchangeFailed: no whole answer came in time, or none of a size that is taken.
        """
        connection = self._connection()
        try:
            connection.start(_Deadline(self._timeout))
            connection.request(method, self._target(path), body, self._headers(headers))
            with connection.getresponse() as response:
                answer = HttpAnswer(response.status, response.reason, response.headers, self._body(response))
        except TimeoutError:
            connection.close()
            raise ExchangeFailed(f"there was no whole answer within {self._timeout:g} s", "deadline") from None
        except ExchangeFailed:
            connection.close()
            raise
        except http.client.HTTPException as error:
            connection.close()
            words = str(error) or type(error).__name__
            raise ExchangeFailed(f"the answer is not HTTP as it should be: {words[:200]}", "protocol") from None
        except ssl.SSLError as error:
            connection.close()
            raise ExchangeFailed(getattr(error, "verify_message", "") or str(error), "tls") from None
        except OSError as error:
            connection.close()
            raise ExchangeFailed(error.strerror or str(error) or type(error).__name__, "unreachable") from None
        except BaseException:
            connection.close()  # an exchange that was broken off leaves its rest on the connection
            raise
        if self._keep_alive:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the connections that are open; the next exchange opens another."""
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        self.close()

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while piece := response.read(_PIECE):
            size += len(piece)
            if size > self._limit:
                raise ExchangeFailed(f"the answer is larger than {_size(self._limit)}", "size")
            pieces.append(piece)
        if response.length:
            raise ExchangeFailed(f"the answer ends {response.length} bytes early", "protocol")
        return b"".join(pieces)

    def _connection(self) -> _Connection:
        while self._idle:
            known = self._idle.pop()
            if not known.is_stale:
                return known
            known.close()
        return self._new_connection()

    def _new_connection(self) -> _Connection:
        if self._proxy is None:
            return _Connection(self._host, self._port, self._tls, self._server_name)
        made = _Connection(self._proxy.hostname or "", self._proxy.port or 80, self._tls, self._server_name)
        if self._tls is not None:
            made.set_tunnel(self._host, self._port, self._proxy_headers())
        return made

    def _target(self, path: str) -> str:
        whole = self._path + path or "/"
        if self._proxy is not None and self._tls is None:
            return urlunsplit(("http", self._authority(), whole, "", ""))
        return whole

    def _authority(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return host if self._port == (443 if self._tls else 80) else f"{host}:{self._port}"

    def _headers(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        to_proxy = self._proxy_headers() if self._proxy is not None and self._tls is None else {}
        return {"Host": self._authority(), **to_proxy, **(headers or {})}

    def _proxy_headers(self) -> dict[str, str]:
        import base64

        if self._proxy is None or not self._proxy.username:
            return {}
        pair = f"{unquote(self._proxy.username)}:{unquote(self._proxy.password or '')}".encode()
        return {"Proxy-Authorization": "Basic " + base64.b64encode(pair).decode()}


def verifying_context(*, cafile: str | None = None, cadata: str | None = None) -> ssl.SSLContext:
    """
    TLS that verifies a server as Go does: without the extensions that Python asks of certificates since 3.13.

    Args:
        cafile: a file of certificates to verify with.
        cadata: the same as PEM text; without either, the system's own are used.

    Raises:
        OSError: no such file, or no certificate in it.
        ValueError: text that is not ASCII.
    """
    context = ssl.create_default_context(cafile=cafile, cadata=cadata)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _size(count: int) -> str:
    """Bytes as a person says them."""
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count} bytes"
