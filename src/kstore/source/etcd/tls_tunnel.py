"""
TLS as Python's own ssl module speaks it, for gRPC, whose own in Python can do less.

It cannot leave a certificate unverified (expired ones are what brings down a control plane, and that is when its store
has to be opened), does not know certificates with keys of Ed25519 or P-521, and says of what it refuses little. A
private unix socket takes gRPC's plain bytes; a thread a connection carries them to the server inside a TLS session.
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
from kstore.source.etcd.endpoint import Endpoint
from kstore.source.options import SourceOptions

_CHUNK = 64 * 1024


class Tunnel:
    """
    A unix socket, in a directory that only this user may enter, that leads to a TLS server.

    Args:
        endpoint: the server.
        options: what it is verified with, the client certificate to show, and how long connecting may take.
    """

    def __init__(self, endpoint: Endpoint, options: SourceOptions) -> None:
        self._endpoint = endpoint
        self._options = options
        self._context = _context(options)
        self._folder = Path(tempfile.mkdtemp(prefix="kstore-tls-"))
        self._listener = _listener()
        path = self._folder / "socket"
        self._listener.bind(str(path))
        self._listener.listen()
        self.target = f"unix:{path}"
        self.fault = ""
        """Why there was no session when it was last tried, which gRPC only sees as a connection that is closed."""
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
            try:
                session = _session(self._endpoint, self._options, self._context)
            except OSError as error:
                self.fault = _words(error)
                return
            self.fault = ""
            with session:
                _relay(inner, session)


def _context(options: SourceOptions) -> ssl.SSLContext:
    context = tls_context(replace(options, cacert=None) if options.insecure_skip_tls_verify else options)
    # newer Pythons refuse authorities without extensions that Go, and so etcd's own clients, do not ask for
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    context.set_alpn_protocols(["h2"])
    return context


def _session(endpoint: Endpoint, options: SourceOptions, context: ssl.SSLContext) -> ssl.SSLSocket:
    """A TLS session with the server, its certificate verified as the options want it."""
    if endpoint.socket:
        outer = unix_socket()
        outer.settimeout(options.dial_timeout)
        outer.connect(endpoint.socket)
    else:
        outer = socket.create_connection((endpoint.host, endpoint.port), timeout=options.dial_timeout)
    try:
        return context.wrap_socket(outer, server_hostname=options.tls_server_name or endpoint.host)
    except BaseException:
        outer.close()
        raise


def handshake_fault(endpoint: Endpoint, options: SourceOptions) -> str | None:
    """
    What is wrong with TLS to a server, in OpenSSL's words: empty for nothing, None where it cannot be reached at all.

    A server that does not like the client's certificate says so only after the handshake, with the first bytes.

    Args:
        endpoint: the server.
        options: what it is verified with, and the client certificate to show.
    """
    try:
        with _session(endpoint, options, _context(options)) as session:
            return "" if session.recv(1) else None
    except ssl.SSLError as error:
        return _words(error)
    except OSError:
        return None


def _words(error: OSError) -> str:
    """Why there is no session, in the words that `explain` knows."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"CERTIFICATE_VERIFY_FAILED: {error.verify_message}"
        case ssl.SSLError():
            return f"{error.reason or error}"
        case socket.gaierror():
            return "DNS resolution failed"
        case TimeoutError():
            return "Deadline Exceeded"
    return error.strerror or str(error)


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
