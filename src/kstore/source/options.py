"""
How to reach a store: credentials, names to verify, times to wait.

One frozen value for every kind of store, so that the command line, the environment, a config file and what a
control plane node says of itself all end in the same thing. Knows nothing of how a connection is made of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

MAX_SECONDS = 24 * 3600
"""The longest that a time to wait may be: what a person means by more is no time at all."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """
    What beside the address is needed to open a store; what a kind of store has no use for is ignored by it.
    """

    cacert: Path | None = None
    """Certificates to verify the server with; without them a TLS server is verified with the system's own."""
    cert: Path | None = None
    """The client's certificate; needs `key`."""
    key: Path | None = None
    """The client's private key; needs `cert`."""
    user: str = ""
    password: str = field(default="", repr=False)
    http_headers: tuple[str, ...] = field(default=(), repr=False)
    """Further headers for a web server that a store is fetched from, each as `NAME: VALUE`."""
    tls_server_name: str = ""
    """The name that the server's certificate must bear, when it is not the host of the address."""
    insecure_skip_tls_verify: bool = False
    """Encrypt, but accept any certificate: for clusters whose certificates have expired."""
    dial_timeout: float = 5.0
    """Seconds in which an endpoint must accept a connection."""
    command_timeout: float = 30.0
    """Seconds in which a request, or the next part of a long answer, must arrive."""
    serializable: bool = False
    """
    Let one member answer reads from what it has, without asking the quorum: works without a leader, may be
    stale.
    """
    revision: int = 0
    """Of a store that is kept in parts, as of when it is wanted, and later parts are not fetched; 0 is the newest."""
    salvage: bool = False
    """Of a damaged file, read what can be read, and note what cannot."""
    wal: bool = False
    """Of a data directory, replay the write-ahead log on top of the database: the changes of the last moments."""
    remembers: bool = False
    """Of a snapshot that was found whole lately, do not compute the checksum again (see `snapshot_digest`)."""
    for_hints: bool = False
    """Read for what a shell completes: the checksum of a snapshot is not looked at."""
    fetching: Callable[[int, int], None] | None = None
    """Told how many bytes more have been fetched of a store that lies elsewhere, and how many it has (0: unknown)."""
    unpacking: Callable[[int], None] | None = None
    """Told how many bytes more have been unpacked, of a store that must be before it can be read."""
