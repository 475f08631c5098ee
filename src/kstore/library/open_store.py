"""
The library's front door: `kstore.open`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from kstore.catalog.server_flags import ServerFlags
from kstore.errors import UsageError
from kstore.library.opening import Opening
from kstore.library.store import Store
from kstore.source.interface import Source
from kstore.source.options import SourceOptions

if TYPE_CHECKING:
    from kstore.scheme.plugins import Plugin

Address = str | PathLike[str] | Source


def open(
    address: Address = "",
    *,
    release: str = "",
    feature_gates: Mapping[str, bool] | None = None,
    encryption_config: str | PathLike[str] = "",
    prefix: str | None = None,
    revision: int = 0,
    plugins: Iterable[Plugin] = (),
    server_flags: Mapping[str, str] | None = None,
    context: str = "",
    cacert: str | PathLike[str] | None = None,
    cert: str | PathLike[str] | None = None,
    key: str | PathLike[str] | None = None,
    user: str = "",
    password: str = "",
    tls_server_name: str = "",
    insecure_skip_tls_verify: bool = False,
    dial_timeout: float = 5.0,
    command_timeout: float = 30.0,
    serializable: bool = False,
    salvage: bool = False,
    wal: bool = False,
) -> Store:
    """
    Open a store.

    Args:
        address: endpoints of an etcd, a snapshot, database file or directory, `demo`; empty for the store that
            `$KSTORE_STORE`, etcdctl's variables or the config file name. Or a `Source`, which is not closed with the
            store.
        release: the Kubernetes release whose types and storage versions are used; empty for the newest known.
        feature_gates: those that differ from the release's defaults.
        encryption_config: the file of the apiserver's EncryptionConfiguration.
        prefix: the apiserver's `--etcd-prefix`; None finds it.
        revision: look at the store as of this revision; 0 is now.
        plugins: types and rules of extension API servers.
        server_flags: how the release's apiserver is started, by the flags' names: `{"emulated-version": "1.36"}`; also
            `min-compatibility-version`, `feature-gates`, `runtime-config` and `storage-media-type`.
        context: a store of the config file, instead of an address.
        cacert: certificates to verify the server with.
        cert: the client's certificate; together with `key`.
        key: the client's private key.
        user: the etcd user, as `NAME` or `NAME:PASSWORD`.
        password: the etcd user's.
        tls_server_name: the name that the server's certificate must bear, if not the host's.
        insecure_skip_tls_verify: accept any certificate of the server.
        dial_timeout: seconds in which an endpoint must accept a connection.
        command_timeout: seconds in which a request must be answered.
        serializable: let one member answer with what it has, without a quorum; it may be stale.
        salvage: of a damaged file, read what can be read; see `Store.damage`.
        wal: of a data directory, replay its log on top of its database.

    Raises:
        SourceError: the store cannot be opened or reached.
        UsageError: what is asked for contradicts itself, or the release is not known.
        EncryptionConfigError: an apiserver would not start with the configuration.
    """
    if (cert is None) != (key is None):
        raise UsageError("a client certificate and its key are given together", hint="cert and key")
    name, colon, secret = user.partition(":")
    options = SourceOptions(
        cacert=Path(cacert) if cacert else None,
        cert=Path(cert) if cert else None,
        key=Path(key) if key else None,
        user=name,
        password=secret if colon else password,
        tls_server_name=tls_server_name,
        insecure_skip_tls_verify=insecure_skip_tls_verify,
        dial_timeout=dial_timeout,
        command_timeout=command_timeout,
        serializable=serializable,
        salvage=salvage,
        wal=wal,
    )
    opening = Opening(
        address if isinstance(address, Source) else fspath(address),
        options,
        context=context,
        release=release,
        gates=feature_gates,
        flags=ServerFlags.of(server_flags or {}),
        plugins=plugins,
        encryption_config=fspath(encryption_config),
        prefix=prefix or "",
        revision=revision,
    )
    try:
        return Store(opening.store, opening)
    except BaseException:
        opening.close()
        raise
