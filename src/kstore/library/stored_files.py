"""
The stores that a pattern names, in a bucket or on this machine, before any of them is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path

from kstore.source.options import SourceOptions
from kstore.source.remote.bucket import StoredFile


def find_stores(
    pattern: str | PathLike[str],
    *,
    cacert: str | PathLike[str] | None = None,
    insecure_skip_tls_verify: bool = False,
    dial_timeout: float = 5.0,
    command_timeout: float = 30.0,
) -> Iterator[StoredFile]:
    """
    Find files: `s3://backups/*/latest.db.gz`, `gs://backups/prod/`, `night/*.db`.

    Args:
        pattern: `*`, `?` and `[…]` within a part of the path, `**` for any number of parts; an address without them is
            the file itself, or, where it ends with a slash, all files below it. Credentials are found as by `open`.
        cacert: certificates to verify the server with.
        insecure_skip_tls_verify: accept any certificate of the server.
        dial_timeout: seconds in which the server must accept a connection.
        command_timeout: seconds in which a request must be answered.

    Yields:
        Each file in the order of addresses, with size, time and version; nothing has been read of it.

    Raises:
        StoreNotFound: there is no such bucket, or, without a pattern, no such file.
        AccessDenied: the credentials do not permit to list it.
        SourceError: it cannot be asked.
        UsageError: a web server, which lists nothing; obstore is not installed.
    """
    from kstore.source.remote.matching import find_files

    options = SourceOptions(
        cacert=Path(cacert) if cacert else None,
        insecure_skip_tls_verify=insecure_skip_tls_verify,
        dial_timeout=dial_timeout,
        command_timeout=command_timeout,
    )
    return find_files(fspath(pattern), options)


__all__ = ["StoredFile", "find_stores"]
