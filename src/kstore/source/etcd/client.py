"""
PyPI's `etcd3` client, made to load on today's protobuf and to connect as etcdctl would.

`etcd3` 0.12 opens one plain or TLS channel and hangs etcd's stubs on it. What is added here: addresses with a
scheme, the system's certificates, verification under another name or none, no proxy for loopback, messages of
any size, keepalive, and a refusal where `etcd3` would silently have spoken plaintext. Knows nothing of
failover or tokens.
"""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import Any

from kstore.source.certificates import check_certificate_pair, read_pem, tls_context
from kstore.source.etcd import messages as etcd_messages
from kstore.source.etcd.endpoint import Endpoint
from kstore.source.options import SourceOptions

# etcd3 ships messages generated in 2020, which protobuf 4 and later refuse; these are the same on the wire.
# An etcd3 that the program has already imported with its own messages (protobuf 3) is left as it is.
sys.modules.setdefault("etcd3.etcdrpc", etcd_messages)

import etcd3  # noqa: E402 - only after the line above
import grpc  # noqa: E402

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


class Client(etcd3.Etcd3Client):  # type: ignore[misc]
    """
    An `etcd3.Etcd3Client` on one endpoint.

    User and password stay out of it: `etcd3` would send them in a way that grpc refuses on plain text, once,
    and never again when the token expires. See `Connection`.

    Args:
        endpoint: the server.
        options: credentials and times.
        tunnelled: speak TLS by Python's own ssl module, as is always done where nothing is to be verified.
    """

    def __init__(self, endpoint: Endpoint, options: SourceOptions, *, tunnelled: bool = False) -> None:
        check_certificate_pair(options)
        self._options = options
        self._tunnel = None
        settings: list[tuple[str, Any]] = [*_CHANNEL_OPTIONS]
        settings.append(("grpc.enable_http_proxy", int(bool(endpoint.proxy))))
        if endpoint.proxy:
            settings.append(("grpc.http_proxy", endpoint.proxy))
        if options.tls_server_name:
            settings.append(("grpc.ssl_target_name_override", options.tls_server_name))
        target, tls = endpoint.target, endpoint.tls
        if tls and (options.insecure_skip_tls_verify or tunnelled):
            from kstore.source.etcd.tls_tunnel import Tunnel

            self._tunnel = Tunnel(endpoint, options)
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
            root_certificates=read_pem(options.cacert, "cacert") if options.cacert else _system_certificates(),
            private_key=read_pem(options.key, "key") if options.key else None,
            certificate_chain=read_pem(options.cert, "cert") if options.cert else None,
        )

    @property
    def tunnel_fault(self) -> str:
        """Why the tunnel had no session with the server when it last tried; empty where it had, or there is none."""
        return self._tunnel.fault if self._tunnel is not None else ""

    def close(self) -> None:
        """Close the channel and what carries it."""
        super().close()
        if self._tunnel is not None:
            self._tunnel.close()


def _system_certificates() -> bytes | None:
    """The system's own certificates, as Go would use them; None leaves it to those that grpc ships."""
    bundle = ssl.get_default_verify_paths().cafile
    return read_pem(Path(bundle)) if bundle else None
