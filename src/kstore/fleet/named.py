"""
Which stores are named: patterns and folders of buckets stand for the files in them, each with what it is known by.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from kstore.errors import KstoreError, UsageError
from kstore.source.options import SourceOptions
from kstore.source.remote.address import is_bucket, is_pattern, without_credentials
from kstore.source.remote.bucket import StoredFile
from kstore.source.remote.matching import find_files

_AT_ONCE: Final = 16
_EDGE: Final = 1 << 16


@dataclass(frozen=True)
class NamedStore:
    """A store of a fleet."""

    address: str
    mark: str = ""
    """What its content is known by; empty for what may change without telling: a running store, a web server's file."""


def named_stores(named: Iterable[str], options: SourceOptions) -> list[NamedStore]:
    """
    The stores that are named, each once: files of this machine with their whole paths, objects of buckets.

    Args:
        named: addresses, and patterns such as `night/*.db`, `s3://backups/*/latest.db.gz` or `s3://backups/prod/`.
        options: how buckets are reached.

    Raises:
        UsageError: a pattern or folder has no file.
        SourceError: a bucket cannot be listed.
    """
    with ThreadPoolExecutor(_AT_ONCE, "kstore-named") as threads:  # of buckets each name is a request
        lists = threads.map(partial(stores_of, options=options), named)
        found = [one for stores in lists for one in stores]
    return list({one.address: one for one in found}.values())


def shown_names(stores: Iterable[NamedStore]) -> dict[str, str]:
    """
    What each store is called wherever it is shown or kept, by its address: the address without what permits to read it.

    What would be called alike then is numbered, as the files that a query of their addresses tells apart.
    """
    found: dict[str, str] = {}
    times: Counter[str] = Counter()
    for one in stores:
        shown = without_credentials(one.address)
        times[shown] += 1
        found[one.address] = shown if times[shown] == 1 else f"{shown} ({times[shown]})"
    return found


def stores_of(name: str, options: SourceOptions) -> list[NamedStore]:
    """
    The stores that one name means: see `named_stores`.

    Raises:
        UsageError, SourceError: as there.
    """
    if _stands_for_many(name):
        found = [_of_file(one) for one in find_files(name, options)]
        if not found:
            raise UsageError(f"no file matches {name!r}")
        return found
    if is_bucket(name):
        try:
            return [_of_file(one) for one in find_files(name, options)]
        except KstoreError:
            return [NamedStore(name)]  # the row of the store says what is wrong
    address = str(Path(name).absolute()) if Path(name).exists() else name
    return [NamedStore(address, fingerprint(address))]


def _stands_for_many(name: str) -> bool:
    if is_bucket(name):
        return is_pattern(name) or name.endswith("/")
    return is_pattern(name) and "://" not in name and not Path(name).exists()


def _of_file(file: StoredFile) -> NamedStore:
    if is_bucket(file.address):
        return NamedStore(file.address, f"{file.size}:{file.version}" if file.version else "")
    address = str(Path(file.address).absolute())
    return NamedStore(address, fingerprint(address))


def fingerprint(address: str) -> str:
    """
    What a file is recognized by: its size, when it was written, and its first and last 64 KiB.

    A snapshot of etcd ends with the SHA-256 of all of it. Empty for what is no file: a running store changes.
    """
    try:
        status = os.stat(address)
        if not os.path.isfile(address):
            return ""
        with open(address, "rb") as file:
            head = file.read(_EDGE)
            file.seek(max(0, status.st_size - _EDGE))
            edges = hashlib.sha256(head + file.read(_EDGE)).hexdigest()
    except (OSError, ValueError):
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}:{edges}"
