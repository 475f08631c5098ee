"""
A move's journal held against both clusters: every copy is stored as it was written, and no key has none.

What is compared is the content, decrypted: the bytes of an encrypted value depend on its key. Only reads.
"""

from __future__ import annotations

from collections.abc import Iterator

from kstore.encryption import Transformers
from kstore.errors import EncryptionError
from kstore.migrate.discrepancy import Discrepancy
from kstore.migrate.journal import Journal
from kstore.migrate.move import Routes, plain_of_copy
from kstore.migrate.verify import Verified, side_by_side
from kstore.printable import key_text
from kstore.records import Record
from kstore.source.interface import Source
from kstore.store import Store, is_housekeeping


def verify_move(
    journal: Journal, result: Verified, origin: Store, target: Source, transformers: Transformers | None, routes: Routes
) -> Verified:
    """
    Add what a move's own journal cannot tell to what its verification has found.

    A copy that went with its lease is no finding, nor is a key that only the new cluster has: it is that one's own.

    Args:
        journal: the move's.
        result: what `verify_live` or `verify_file` has found.
        origin: the cluster that was copied.
        target: where its copies are.
        transformers: the encryption of the new cluster.
        routes: from which prefix to which.

    Raises:
        SourceError: a store cannot be read.
    """
    if result.damaged:
        return result
    leased = {key_text(entry.key) for batch in journal.batches() for entry in batch.entries if entry.lease}
    result.findings = [one for one in result.findings if one.code != "deleted" or one.key not in leased]
    known = {one.key for one in result.findings}
    found = _compare(origin, target, transformers, routes)
    result.findings += (one for one in found if one.key not in known)
    return result


def _compare(origin: Store, target: Source, transformers: Transformers | None, routes: Routes) -> Iterator[Discrepancy]:
    for old, new in zip(routes.sources, routes.targets, strict=True):
        originals = (record for record in origin.source.scan(old) if not is_housekeeping(record))
        copies = (one._replace(key=old + one.key[len(new) :]) for one in target.scan(new))
        for key, original, copy in side_by_side(originals, copies):
            if original is None:
                continue
            finding = _check(origin, original, copy and copy._replace(key=routes(key)), transformers)
            if finding:
                yield Discrepancy(key_text(routes(key)), *finding)


def _check(
    origin: Store, original: Record, copy: Record | None, transformers: Transformers | None
) -> tuple[str, str] | None:
    try:
        plain = origin.codec.open(original.key, original.value).plain
    except EncryptionError:
        return None  # the move has skipped it, and said so
    if copy is None:
        return None if original.lease else ("missing", f"{key_text(original.key)} has no copy")
    found = plain_of_copy(transformers, copy, origin.resource_of(original.key))
    if found is None:
        return "undecodable", "it cannot be decrypted with the new cluster's keys"
    if found != plain:
        return "changed", f"it is no longer the same as {key_text(original.key)}"
    return None
