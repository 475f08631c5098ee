"""
How to reach the apiserver of a kubeconfig.

The `kubernetes` client reads the kubeconfig; its files are looked at before, since it would wait for a pipe and read a
device without end, and it does not speak to the server, since it waits anew for every byte. The only module that knows
that client.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kstore.errors import UsageError
from kstore.http_exchange import HttpClient, verifying_context
from kstore.regular_file import read_regular
from kstore.yaml_limits import check_yaml

LARGEST = 4 << 20
"""Bytes of a kubeconfig."""
LARGEST_PART = 16 << 20
"""Bytes of a certificate, a key or a token that it names."""
MOST_VALUES = 200_000
"""Values of a kubeconfig; one cluster and its user have about twenty."""
_CLUSTER_FILES = ("certificate-authority",)
_USER_FILES = ("client-certificate", "client-key", "tokenFile")
_HINT = "`kubeconfig=` names another"


class ServerAccess:
    """
    A server and the credentials for it, as a kubeconfig has them.

    Args:
        kubeconfig: the file, or several as in `$KUBECONFIG`; empty for kubectl's own default.
        context: one of its contexts; empty for the current one.

    Raises:
        UsageError: there is no such file or context, or it cannot be used.
    """

    def __init__(self, kubeconfig: str, context: str) -> None:
        from kubernetes import config

        paths = kubeconfig or config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION
        _check_files(paths, context)
        try:
            connect: Any = config.new_client_from_config
            self._configuration = connect(config_file=paths, context=context or None).configuration
        except Exception as error:  # the client raises whatever its YAML reader does
            raise UsageError(f"the kubeconfig cannot be used: {error}", where=paths, hint=_HINT) from error
        self.address: str = self._configuration.host

    @property
    def is_verified(self) -> bool:
        """Whether the server's certificate is verified; a kubeconfig can ask that it is not."""
        return bool(self._configuration.verify_ssl) or not self.address.startswith("https:")

    def headers(self) -> dict[str, str]:
        """
        What a request says of who asks.

        Raises:
            UsageError: a token that no header can hold.
        """
        settings = self._configuration.auth_settings().values()
        # a token file usually ends with a line feed (`client-go/transport/token_source.go` trims it as well)
        headers = {str(one["key"]): str(one["value"]).strip() for one in settings if one["in"] == "header"}
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise UsageError("the kubeconfig's token is not one line of ASCII", hint=_HINT)
        return headers

    def client(self, timeout: float, limit: int) -> HttpClient:
        """
        What asks the server.

        Args:
            timeout: seconds for each whole answer.
            limit: bytes of an answer that are taken.

        Raises:
            UsageError: certificates or a proxy that cannot be used.
        """
        from kubernetes.client.rest import should_bypass_proxies

        configuration = self._configuration
        try:
            tls = verifying_context(cafile=configuration.ssl_ca_cert or None)
            if configuration.cert_file:
                tls.load_cert_chain(configuration.cert_file, configuration.key_file, password=lambda: "")
            if not configuration.verify_ssl:
                tls.check_hostname = False
                tls.verify_mode = ssl.CERT_NONE
            proxy = configuration.proxy
            if proxy and should_bypass_proxies(configuration.host, configuration.no_proxy or ""):
                proxy = ""
            return HttpClient(
                configuration.host.rstrip("/"),
                tls=tls,
                timeout=timeout,
                limit=limit,
                server_name=configuration.tls_server_name or "",
                proxy=proxy or "",
                keep_alive=True,
            )
        except (OSError, ValueError) as error:
            raise UsageError(f"the kubeconfig cannot be used: {error}", hint=_HINT) from error


def _check_files(paths: str, context: str) -> None:
    """
    See that a kubeconfig, and what its context names, can be read to an end.

    What is missing or makes no sense is left for the client to say.

    Raises:
        UsageError: a file that is no regular one, or too large.
    """
    from kubernetes.config import kube_config

    for text in filter(None, paths.split(os.pathsep)):
        path = Path(text).expanduser()
        if path.exists():
            try:
                check_yaml(_read(path, LARGEST).decode(), most=MOST_VALUES)
            except ValueError as error:  # no text, or more of it than is read
                raise UsageError(f"the kubeconfig cannot be read: {error}", where=text, hint=_HINT) from None
    try:
        client: Any = kube_config
        merged = client.KubeConfigMerger(paths).config
        loader = client.KubeConfigLoader(merged, context or None, config_base_path=None)
        named = list(_named_files(merged, loader.current_context["context"]))
    except Exception:
        return
    for path in named:
        if path.exists():
            _read(path, LARGEST_PART)


def _named_files(merged: Any, context: Any) -> Iterator[Path]:
    """The files that the cluster and the user of a context name, each from beside the file that names it."""
    for kind, members in (("cluster", _CLUSTER_FILES), ("user", _USER_FILES)):
        node = merged[f"{kind}s"].get_with_name(context.get(kind), safe=True)
        for member in members if node else ():
            if node[kind].safe_get(member):
                yield Path(node.path).parent / node[kind][member]


def _read(path: Path, limit: int) -> bytes:
    try:
        return read_regular(path, limit)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), hint=_HINT) from None


__all__ = ["LARGEST", "LARGEST_PART", "MOST_VALUES", "ServerAccess"]
