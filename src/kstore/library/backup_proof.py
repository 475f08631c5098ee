"""
A backup proved from end to end: opened, read, decoded, held against a release and an earlier proof, and served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kstore.errors import DamagedStore, KstoreError, NotADatabase, SourceError, Unsupported, UsageError
from kstore.inspect.backup_proof import Counts, Expected, Step, Verdict, age, complete, not_run, objects, whole
from kstore.inspect.proof_record import Proof, Subject
from kstore.regular_file import open_regular
from kstore.scalars.counts import counted
from kstore.source.content_digest import Content, content_of
from kstore.source.remote.address import without_credentials
from kstore.source.snapshot.source import SnapshotSource

if TYPE_CHECKING:
    from kstore.library.opening import Opening
    from kstore.source.interface import Source

Progress = Callable[[int], None]
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a proof is wanted beside what is always proved."""

    target_release: str = ""
    """Empty for the release that the store is read by."""
    serve: bool = False
    """Restore it into a scratch etcd, and read it from there."""
    max_age: timedelta | None = None
    expected: Expected | None = None
    """What an earlier proof had."""


def prove(opening: Opening, asked: Asked, *, now: datetime | None = None, progress: Progress = lambda _: None) -> Proof:
    """
    Prove a store. A damaged one is no error, but the verdict.

    Args:
        opening: the store's; closed by its owner.
        asked: what is wanted.
        now: what its age is counted to; None for the time it is.
        progress: told how many records of the current step have been read.

    Raises:
        SourceError: there is no such store, or it does not answer.
        UsageError: several clusters are in it and none is named; or it has no database that could be served.
        Unsupported: it is to be served, and no etcd is installed.
    """
    if asked.serve:
        from kstore.source.scratch_etcd import require_programs

        require_programs()
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    counts, etcd = Counts(), ""
    content: Content | None = None
    described: dict[str, Any] = {}
    try:
        source = opening.source
        first, content = whole(source, progress)
        first = _beside_log(first, source)
        described = _described(source)
    except (DamagedStore, NotADatabase) as error:
        first = Step("whole", Verdict.FAILED, str(error))
    if content is None or first.verdict is Verdict.FAILED:
        names = ("complete", "decodes", "keys", "target", "serve", "age")
        steps = [first, *not_run(*names, why="the store is not whole")]
    else:
        store = opening.store
        if asked.target_release:
            from kstore.library.opening import release_of

            store = store.read_as(opening.scheme_of(release_of(asked.target_release, opening.release.gates)))
        middle, counts = objects(store, progress)
        served, etcd = _served(opening.source, content, progress) if asked.serve else _not_served()
        steps = [first, complete(counts, asked.expected), *middle, served, age(counts, asked.max_age, moment)]
    release = asked.target_release or str(opening.release)
    subject = _subject(opening, content)
    return Proof(subject, tuple(steps), described, counts, release, moment, version("kstore"), etcd)


def _beside_log(first: Step, source: Source) -> Step:
    """The step, with what the log beside a database holds that the database does not: an etcd would apply it."""
    if not isinstance(source, SnapshotSource) or source.trailer or not source.has_log:
        return first
    if source.replayed:
        return replace(first, detail=f"{first.detail}; with {counted(source.replayed, 'change')} of the log")
    try:
        with SnapshotSource(source.database_path, wal=True) as replayed:
            later = replayed.replayed
    except KstoreError as error:
        return replace(first, detail=f"{first.detail}; the log beside it cannot be read: {error.message}")
    if not later:
        return first
    words = f"the log beside it has {counted(later, 'later change')}, which it lacks"
    return replace(first, detail=f"{first.detail}; {words}", facts={**first.facts, "laterChanges": later})


def _described(source: Source) -> dict[str, Any]:
    status = source.status()
    return {
        "kind": status.kind, "revision": status.revision, "compactRevision": status.compact_revision,
        "bytes": status.size, "cluster": status.cluster_id,
    }  # fmt: skip


def _subject(opening: Opening, content: Content | None) -> Subject:
    """A file by its name and SHA-256, and whatever it is by its content's."""
    digests = {}
    address = opening.location.address
    path = Path(address)
    if (source := opening.opened_source) is not None and source.file_sha256:
        address = source.status().location
        digests["sha256"] = source.file_sha256
    if path.is_file():
        digest = hashlib.sha256()
        with open_regular(path) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        digests["sha256"] = digest.hexdigest()
    if content is not None:
        digests["kstoreContent"] = content.sha256
    return Subject(path.name if path.is_file() else without_credentials(address), digests)


def _not_served() -> tuple[Step, str]:
    return Step("serve", Verdict.NOT_RUN, "it was not asked for"), ""


def _served(source: Source, content: Content, progress: Progress) -> tuple[Step, str]:
    """Restore and serve the database, and see that the etcd has what the file has."""
    from kstore.source.scratch_etcd import ScratchEtcd

    status = source.status()
    if not isinstance(source, SnapshotSource):
        raise UsageError(
            f"this store ({status.kind}) has no database that an etcd could be restored from", where=status.location
        )
    replayed = bool(source.replayed)
    if replayed and source.is_running:
        raise UsageError(
            "an etcd is running on this data directory: a copy of it would not be one moment's",
            where=status.location,
            hint="prove the endpoint of the etcd, or a snapshot of it; with `wal=False` its database alone is proved",
        )
    try:
        with ScratchEtcd(
            source.database_path,
            checksum=bool(source.trailer),
            with_log=replayed,
            members=len(source.mvcc.cluster.members()) if replayed else 1,
        ) as etcd:
            served, release = content_of(etcd.source.scan(revision=status.revision), progress), etcd.version
    except Unsupported:
        raise
    except SourceError as error:
        return Step("serve", Verdict.FAILED, error.message, {"contentSHA256": ""}), ""
    facts = {"contentSHA256": served.sha256, "records": served.records, "etcd": release}
    if served.sha256 != content.sha256:
        found = f"etcd {release} serves other content: {served.records:,} keys of {content.records:,}"
        return Step("serve", Verdict.FAILED, found, facts), release
    word = "starts from it, log and all" if replayed else "restores it"
    return Step("serve", Verdict.OK, f"etcd {release} {word}, and serves the same content", facts), release
