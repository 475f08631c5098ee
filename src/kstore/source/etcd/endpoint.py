"""
Addresses of a server, understood: host and port or a unix socket, with TLS or without, by way of a proxy or not.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from kstore.errors import UsageError
from kstore.source.options import SourceOptions
from kstore.source.remote.address import without_credentials

DEFAULT_PORT = 2379
_UNIX = re.compile(r"(unixs?):(?!//)")
"""etcd's clients take `unix:path` as well as `unix:///path`."""


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
    proxy: str = ""
    """The HTTP proxy that leads there, because `$grpc_proxy` asks for it; empty for none."""

    @property
    def shown(self) -> str:
        """The address for errors, with the proxy on the way, without its user and password."""
        if not self.proxy:
            return self.url
        parts = urlsplit(self.proxy)
        return f"{self.url} by way of the proxy {parts.hostname}:{parts.port or 80} of $grpc_proxy"

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
    Understand `https://host:2379`, `host:2379`, `host`, `unix:///path` or `unix:path`.

    An address without a scheme is TLS exactly when something was given to speak TLS with, as with etcdctl.

    Raises:
        UsageError: no such notation, or credentials for TLS beside an address that is plain text.
    """
    credentials = tls_options(options)
    scheme, separator, rest = _UNIX.sub(r"\1://", address).partition("://")
    if not separator:
        scheme, rest = ("https" if credentials else "http"), address
    if scheme not in ("http", "https", "unix", "unixs"):
        raise UsageError(
            f"unknown scheme {scheme!r}",
            where=without_credentials(address),
            hint="an etcd endpoint begins with https:// or http://",
        )
    tls = scheme in ("https", "unixs")
    if credentials and not tls:
        secure = scheme.replace("http", "https").replace("unix", "unixs")
        raise UsageError(
            "how to speak TLS is given, but the endpoint is plain text",
            where=without_credentials(address),
            hint=f"write {secure}://, or leave {', '.join(f'`{name}=`' for name in credentials)} out",
        )
    if scheme.startswith("unix"):
        return Endpoint(url=f"{scheme}://{rest}", tls=tls, host="localhost", port=0, socket=rest)
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError as error:
        fault = "the port is no number up to 65535" if "Port" in str(error) else str(error)
        raise UsageError(fault, where=without_credentials(address), hint="an endpoint is https://HOST:PORT") from None
    if not host or parts.path.strip("/") or parts.query:
        raise UsageError(
            "not an endpoint",
            where=without_credentials(address),
            hint="an endpoint is https://HOST:PORT, without a path",
        )
    shown = f"[{host}]" if ":" in host else host
    found = Endpoint(url=f"{scheme}://{shown}:{port}", tls=tls, host=host, port=port)
    return found if found.loopback else replace(found, proxy=proxy_of(host, port, os.environ))


def proxy_of(host: str, port: int, variables: Mapping[str, str]) -> str:
    """
    The HTTP proxy to reach a server by: that of `grpc_proxy`, unless `no_grpc_proxy` or `no_proxy` except the server.

    `http_proxy` and `https_proxy` are for the web: etcd's own clients do not follow them either. Variables count in
    upper case, too. An exception is a host, a domain, a network (`10.0.0.0/8`), or `*`.
    """

    def variable(name: str) -> str:
        return variables.get(name) or variables.get(name.upper()) or ""

    proxy = variable("grpc_proxy")
    if not proxy:
        return ""
    exceptions = variable("no_grpc_proxy") or variable("no_proxy")
    if any(_excepts(one.strip(), host, port) for one in exceptions.split(",")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _excepts(exception: str, host: str, port: int) -> bool:
    if not exception:
        return False
    if exception == "*" or exception in (host, f"{host}:{port}"):
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host) in ipaddress.ip_network(exception, strict=False)
    return host.endswith(f".{exception.lstrip('*.')}")


def tls_options(options: SourceOptions) -> list[str]:
    """Which of the options that only mean something over TLS are given."""
    return [name for name in ("cacert", "cert", "key", "insecure_skip_tls_verify") if getattr(options, name)]
