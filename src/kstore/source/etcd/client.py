"""
PyPI's `etcd3` client, made to load on today's protobuf and to connect as etcdctl would.

`etcd3` 0.12 opens one plain or TLS channel and hangs etcd's stubs on it. What is added here: addresses with a
scheme, the system's certificates, verification under another name or none, no proxy for loopback, messages of
any size, keepalive, and a refusal where `etcd3` would silently have spoken plaintext. Knows nothing of
failover or tokens.
"""

from __future__ import annotations

import ipaddress
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kstore.errors import UsageError
from kstore.source.certificates import check_certificate_pair, read_pem, tls_context
from kstore.source.etcd import messages as etcd_messages
from kstore.source.options import SourceOptions

# etcd3 ships messages generated in 2020, which protobuf 4 and later refuse; these are the same on the wire.
# An etcd3 that the program has already imported with its own messages (protobuf 3) is left as it is.
sys.modules.setdefault("etcd3.etcdrpc", etcd_messages)

import etcd3  # noqa: E402 - only after the line above
import grpc  # noqa: E402

DEFAULT_PORT = 2379

_CHANNEL_OPTIONS = (
    # What a cluster holds is more than grpc's 4 MiB. Pages keep answers small: two hundred values of 1.5 MiB, or one of
    # a server with a larger --max-request-bytes, are the most that is met.
    ("grpc.max_receive_message_length", 1 << 30),
    ("grpc.max_send_message_length", -1),
    # A server that is stopped or cut off is noticed while an answer is awaited. etcd takes pings no more
    # often than every 5 s (`--grpc-keepalive-min-time`).
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Closing a channel closes its connection, instead of leaving it to a pool that other channels share.
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of a server, understood."""

    url: str
    """The address with its scheme, as it is shown to people."""
    tls: bool
    host: str
    port: int
    socket: str = ""
    """The path of a unix socket, when it is one."""

    @property
    def target(self) -> str:
        """The address in gRPC's notation."""
        if self.socket:
            return f"unix:{self.socket}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether the address is this machine's own, where no proxy may be asked."""
        if self.socket or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_endpoint(address: str, options: SourceOptions) -> Endpoint:
    """
    Understand `https://host:2379`, `host:2379`, `host` or `unix:///path`.

    An address without a scheme is TLS exactly when something was given to speak TLS with, as with etcdctl.

    Raises:
        UsageError: no such notation, or credentials for TLS beside an address that is plain text.
    """
    credentials = tls_options(options)
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = ("https" if credentials else "http"), address
    if scheme not in ("http", "https", "unix", "unixs"):
        raise UsageError(
            f"unknown scheme {scheme!r}",
            where=address,
            hint="an etcd endpoint begins with https:// or http://",
        )
    tls = scheme in ("https", "unixs")
    if credentials and not tls:
        raise UsageError(
            f"{', '.join(credentials)} given, but the endpoint is plain text",
            where=address,
            hint=f"write {scheme.replace('http', 'https').replace('unix', 'unixs')}://, or leave the options out",
        )
    if scheme.startswith("unix"):
        return Endpoint(url=f"{scheme}://{rest}", tls=tls, host="localhost", port=0, socket=rest)
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError as error:
        fault = "the port is no number up to 65535" if "Port" in str(error) else str(error)
        raise UsageError(fault, where=address, hint="an endpoint is https://HOST:PORT") from None
    if not host or parts.path.strip("/") or parts.query:
        raise UsageError("not an endpoint", where=address, hint="an endpoint is https://HOST:PORT, without a path")
    shown = f"[{host}]" if ":" in host else host
    return Endpoint(url=f"{scheme}://{shown}:{port}", tls=tls, host=host, port=port)


def tls_options(options: SourceOptions) -> list[str]:
    """Which of the options that only mean something over TLS are given, by the names of their flags."""
    given = {
        "--cacert": options.cacert,
        "--cert": options.cert,
        "--key": options.key,
        "--insecure-skip-tls-verify": options.insecure_skip_tls_verify,
    }
    return [name for name, value in given.items() if value]


class Client(etcd3.Etcd3Client):  # type: ignore[misc]
    """
    An `etcd3.Etcd3Client` on one endpoint.

    User and password stay out of it: `etcd3` would send them in a way that grpc refuses on plain text, once,
    and never again when the token expires. See `Connection`.
    """

    def __init__(self, endpoint: Endpoint, options: SourceOptions) -> None:
        check_certificate_pair(options)
        self._options = options
        self._tunnel = None
        settings: list[tuple[str, Any]] = [*_CHANNEL_OPTIONS]
        if endpoint.loopback:
            settings.append(("grpc.enable_http_proxy", 0))
        if options.tls_server_name:
            settings.append(("grpc.ssl_target_name_override", options.tls_server_name))
        target, tls = endpoint.target, endpoint.tls
        if tls and options.insecure_skip_tls_verify:
            from kstore.source.etcd.unverified_tls import Tunnel

            self._tunnel = Tunnel(endpoint.host, endpoint.port, options)
            target, tls = self._tunnel.target, False
        host, _, port = target.rpartition(":")
        # etcd3 speaks TLS exactly when it is given a ca_cert; _get_secure_creds below says with what.
        super().__init__(host, port, ca_cert="" if tls else None, grpc_options=settings)

    def _get_secure_creds(self, ca_cert: str, cert_key: None = None, cert_cert: None = None) -> grpc.ChannelCredentials:
        """What `etcd3` opens its secure channel with."""
        options = self._options
        if options.cacert or options.cert:
            tls_context(options)  # says what is wrong with them; gRPC would not
        return grpc.ssl_channel_credentials(
            root_certificates=read_pem(options.cacert, "--cacert") if options.cacert else _system_certificates(),
            private_key=read_pem(options.key, "--key") if options.key else None,
            certificate_chain=read_pem(options.cert, "--cert") if options.cert else None,
        )

    def close(self) -> None:
        """Close the channel and what carries it."""
        super().close()
        if self._tunnel is not None:
            self._tunnel.close()


def _system_certificates() -> bytes | None:
    """The system's own certificates, as Go would use them; None leaves it to those that grpc ships."""
    bundle = ssl.get_default_verify_paths().cafile
    return read_pem(Path(bundle), "the file of the system's certificates ($SSL_CERT_FILE)") if bundle else None
