"""
A server on loopback that answers as no server should: to see that whoever asks it comes to an end.

Speaks TCP, with TLS if a certificate is given; what it does after the request's head is one of `MISDEEDS`.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Misdeed = Callable[["HostileServer", socket.socket], None]


class HostileServer:
    """
    Use it as a context manager.

    Args:
        misdeed: one of `MISDEEDS`, or a function that is given the connection.
        certificate: a PEM file of a certificate and its key, for TLS.
    """

    def __init__(self, misdeed: str | Misdeed, certificate: Path | None = None) -> None:
        self._misdeed = MISDEEDS[misdeed] if isinstance(misdeed, str) else misdeed
        self.requests: list[bytes] = []
        """The heads of the requests so far."""
        self.ended = threading.Event()
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if self._misdeed is silence:
                self.ended.wait()
                return
            spoken = connection if self._tls is None else self._tls.wrap_socket(connection, server_side=True)
            with spoken:
                head = self._read_request(spoken)
                if not head:
                    return
                self.requests.append(head)
                self._misdeed(self, spoken)

    @staticmethod
    def _read_request(connection: socket.socket) -> bytes:
        """The head of a request; its body is read as well, since what is left unread makes TCP drop the answer."""
        text = b""
        while b"\r\n\r\n" not in text:
            piece = connection.recv(65536)
            if not piece:
                return b""
            text += piece
        head, _, body = text.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        left = (int(length[1]) if length else 0) - len(body)
        while 0 < left < 1 << 24 and (piece := connection.recv(65536)):
            left -= len(piece)
        return head

    def pour(self, connection: socket.socket, piece: bytes, *, slowly: bool = False) -> None:
        """Send the same thing until nobody listens any more."""
        while not self.ended.wait(0.02 if slowly else 0):
            connection.sendall(piece)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def silence(server: HostileServer, connection: socket.socket) -> None:
    """Takes the connection, and does nothing, not even TLS."""


def no_answer(server: HostileServer, connection: socket.socket) -> None:
    """Takes the request, and does nothing."""
    server.ended.wait()


def dripping_head(server: HostileServer, connection: socket.socket) -> None:
    """Sends a byte of the status line now and then."""
    server.pour(connection, b"H", slowly=True)


def dripping_body(server: HostileServer, connection: socket.socket) -> None:
    """Sends a byte of the body now and then."""
    connection.sendall(OK + b"Content-Length: 1000000\r\n\r\n")
    server.pour(connection, b" ", slowly=True)


def endless_continue(server: HostileServer, connection: socket.socket) -> None:
    """`100 Continue`, for ever."""
    server.pour(connection, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def endless_headers(server: HostileServer, connection: socket.socket) -> None:
    """Headers, for ever."""
    connection.sendall(OK)
    server.pour(connection, b"X-More: and more\r\n" * 100)


def endless_line(server: HostileServer, connection: socket.socket) -> None:
    """One header, for ever."""
    connection.sendall(OK + b"X-More: ")
    server.pour(connection, b"x" * 10_000)


def endless_body(server: HostileServer, connection: socket.socket) -> None:
    """A body, for ever."""
    connection.sendall(CHUNKED)
    server.pour(connection, b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def endless_chunk(server: HostileServer, connection: socket.socket) -> None:
    """A body that claims to be larger than any memory."""
    connection.sendall(OK + b"Content-Length: 999999999999999\r\n\r\n")
    server.pour(connection, b" " * 0x10000)


def cut_short(server: HostileServer, connection: socket.socket) -> None:
    """Ends in the middle of its body."""
    connection.sendall(OK + b"Content-Length: 1000\r\n\r\n{")


def no_http(server: HostileServer, connection: socket.socket) -> None:
    """Another protocol."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")


def deep_json(server: HostileServer, connection: socket.socket) -> None:
    """JSON nested deeper than anybody reads."""
    body = b"[" * 500_000
    connection.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def redirect_to_itself(server: HostileServer, connection: socket.socket) -> None:
    """Somewhere else, which is here again."""
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")


def redirect_to(place: str) -> Misdeed:
    """Sends whoever asks to another place."""

    def misdeed(server: HostileServer, connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 307 X\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode())

    return misdeed


MISDEEDS: dict[str, Misdeed] = {
    each.__name__: each
    for each in (
        silence,
        no_answer,
        dripping_head,
        dripping_body,
        endless_continue,
        endless_headers,
        endless_line,
        endless_body,
        endless_chunk,
        cut_short,
        no_http,
        deep_json,
        redirect_to_itself,
    )
}


def self_signed(path: Path, *names: x509.GeneralName) -> bytes:
    """Write a certificate that signs itself, of 127.0.0.1 if no names are given, and its key; the certificate alone."""
    names = names or (x509.IPAddress(ipaddress.ip_address("127.0.0.1")),)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hostile")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = built.public_bytes(serialization.Encoding.PEM)
    path.write_bytes(public + private)
    return public
