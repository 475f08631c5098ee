"""
A running server as the judge: which objects of its etcd it would still write at an update that asks for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from os import PathLike, fspath
from typing import TYPE_CHECKING

from kstore.catalog.releases import Release, known_releases, newest
from kstore.codec import StoredObject, Undecodable
from kstore.errors import UnknownRelease, UsageError
from kstore.migrate.apiserver import Apiserver
from kstore.migrate.prove import CHANGED, REFUSED, UNREADABLE, Prover, Unproved
from kstore.source.interface import WritableSource

if TYPE_CHECKING:
    from kstore.migrate.journal import Journal
    from kstore.store import Store


@dataclass(frozen=True, slots=True)
class ServerProof:
    """What a running server would do to objects of its etcd, at an update of each that asks for nothing."""

    objects: int
    """How many it was asked about."""
    unchanged: int
    """How many it would leave as they are."""
    changed: int
    """How many it would write anew."""
    refused: int
    """How many patches it refused, or answered in a way that cannot be compared."""
    unreadable: int
    """How many of the store's objects cannot be read here, so that it was not asked."""
    gone: int
    """How many were deleted before it could be asked."""
    unserved: dict[str, int]
    """Objects that no API serves, so that no update reaches them, by resource."""
    findings: tuple[Unproved, ...]
    """What is not proved to stay: `.key`, `.outcome` (`changed`, `refused`, `unreadable`), `.changes`, `.message`."""

    @property
    def proved(self) -> bool:
        """Whether the server leaves every object as it is."""
        return not self.findings


Reads = Callable[["Store"], "Iterable[StoredObject | Undecodable]"]
"""The objects to be asked about, of a store that is read as the server reads it."""


def asked(
    kubeconfig: str | PathLike[str], store: Store, reads: Reads, *, media_type: str, concurrency: int
) -> ServerProof:
    """
    Ask a server about objects of its etcd, which are read by the release, and the flags, that it says are its own.

    Raises:
        UsageError: the store is no running etcd.
        ApiserverRefused: the server cannot be asked.
        WriteRefused: it wrote an object, though it was asked for a dry run.
    """
    with closing(Apiserver(fspath(kubeconfig))) as server:
        release = release_for(server)
        settings = store.codec.scheme.settings
        own = store if settings.release == release else store.read_as(replace(settings, release=release).scheme())
        asking = prover(server, own, media_type=media_type, concurrency=concurrency)
        findings = tuple(asking.prove(reads(own)))
    proof = asking.proof
    return ServerProof(
        objects=proof.objects,
        unchanged=proof.unchanged,
        changed=proof.outcomes[CHANGED],
        refused=proof.outcomes[REFUSED],
        unreadable=proof.outcomes[UNREADABLE],
        gone=proof.gone,
        unserved=dict(sorted(proof.unserved.items())),
        findings=findings,
    )


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
