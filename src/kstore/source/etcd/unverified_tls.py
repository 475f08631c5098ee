"""
TLS to a server whose certificate is not verified, for gRPC, which in Python cannot do without.

Expired certificates are what brings down a control plane, and that is when its store has to be opened. A
private unix socket takes gRPC's plain bytes; a thread a connection carries them to the server inside a TLS
session of Python's own ssl module. Used only with `insecure_skip_tls_verify`.
"""

from __future__ import annotations

import selectors
import shutil
import socket
import ssl
import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from kstore.errors import SourceError
from kstore.operating_system import unix_socket
from kstore.source.certificates import tls_context
from kstore.source.options import SourceOptions

_CHUNK = 64 * 1024


class Tunnel:
    """
    A unix socket, in a directory that only this user may enter, that leads to a TLS server.

    Args:
        host: the server's name or address.
        port: the server's port.
        options: the client certificate to show, if there is one, and how long connecting may take.
    """

    def __init__(self, host: str, port: int, options: SourceOptions) -> None:
        self._server = (host, port)
        self._timeout = options.dial_timeout
        self._context = tls_context(replace(options, cacert=None))
        self._context.set_alpn_protocols(["h2"])
        self._folder = Path(tempfile.mkdtemp(prefix="kstore-tls-"))
        self._listener = _listener()
        path = self._folder / "socket"
        self._listener.bind(str(path))
        self._listener.listen()
        self.target = f"unix:{path}"
        threading.Thread(target=self._accept, daemon=True, name="kstore-tls").start()

    def close(self) -> None:
        """
        Take no more connections; those that are open end with their channel. Harmless when called twice.
        """
        # closing alone would leave the thread waiting in accept
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                inner, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(inner,), daemon=True, name="kstore-tls").start()

    def _carry(self, inner: socket.socket) -> None:
        """
        Move bytes both ways until either side ends; a server that cannot be reached just ends the inner side.
        """
        with inner, suppress(OSError):
            outer = socket.create_connection(self._server, timeout=self._timeout)
            with self._context.wrap_socket(outer, server_hostname=self._server[0]) as session:
                _relay(inner, session)


def _listener() -> socket.socket:
    """
    The socket that gRPC's channel is led through.

    Raises:
        SourceError: the system has none such.
    """
    try:
        return unix_socket()
    except OSError as error:
        raise SourceError(f"a server's certificate cannot be left unverified here: {error.strerror}") from None


def _relay(plain: socket.socket, session: ssl.SSLSocket) -> None:
    """
    Copy both ways in one thread, because one TLS session must not be read and written by two.

    Only reading must not block: a record may hold no data for us (a session ticket). Writing may, since both
    ends, being HTTP/2, always read.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(plain, selectors.EVENT_READ)
        selector.register(session, selectors.EVENT_READ)
        while True:
            ready = [session] if session.pending() else [key.fileobj for key, _ in selector.select()]
            if plain in ready:
                data = plain.recv(_CHUNK)
                if not data:
                    return
                session.settimeout(None)
                session.sendall(data)
            if session in ready:
                session.settimeout(0)
                try:
                    data = session.recv(_CHUNK)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    continue
                if not data:
                    return
                plain.sendall(data)
