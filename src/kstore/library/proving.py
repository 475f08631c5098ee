"""
A running server as the judge: which objects of its etcd it would still write at an update that asks for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kstore.catalog.releases import Release, known_releases, newest
from kstore.codec import StoredObject, Undecodable
from kstore.errors import UnknownRelease, UsageError
from kstore.migrate.apiserver import Apiserver
from kstore.migrate.prove import Prover
from kstore.source.interface import WritableSource

if TYPE_CHECKING:
    from kstore.migrate.journal import Journal
    from kstore.store import Store


def release_for(server: Apiserver) -> Release:
    """
    The release whose rules read a server's answers: its own, emulating what it emulates, or the newest that is known.

    Raises:
        ApiserverRefused: it cannot be asked, or is no apiserver.
    """
    name, flags = server.started()
    try:
        return Release.started(name, flags)
    except UnknownRelease:  # newer than what is known, or it emulates in a way that is not
        return Release(name) if name in known_releases() else newest()


def prover(server: Apiserver, store: Store, *, media_type: str = "", concurrency: int = 4) -> Prover:
    """
    What asks a server about the objects of a store.

    Args:
        server: the apiserver.
        store: its running etcd, read by `release_for` it.
        media_type: its `--storage-media-type`, `protobuf` or `json`; empty for what the store's release has.
        concurrency: requests at once.

    Raises:
        UsageError: the store is a file, of which no server knows.
    """
    if not isinstance(store.source, WritableSource):
        raise UsageError(
            "a server is asked about the objects of its running etcd", hint="`address=` names that etcd, not a file"
        )
    if store.revision:
        raise UsageError("an old revision is looked at; a server has the newest", hint="leave `revision=` out")
    return Prover(server, store, media_type=media_type, concurrency=concurrency)


def written(journal: Journal, store: Store) -> Iterator[StoredObject | Undecodable]:
    """Yield the objects that a migration wrote, each once, as they are now; what is gone is passed over."""
    seen: set[bytes] = set()
    for batch in journal.batches():
        for entry in batch.entries:
            if entry.key in seen or entry.deletes:
                continue
            seen.add(entry.key)
            record = store.source.get(entry.key)
            if record is not None:
                yield store.codec.read(record)
