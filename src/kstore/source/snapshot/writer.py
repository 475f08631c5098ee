"""
Changes to a database file, written as a new file that etcd accepts: the offline twin of a transaction.

Knows how etcd puts and deletes (`server/storage/mvcc/kvstore_txn.go`): each change is an entry of its own in the bucket
`key`, with the next revision; what was there stays as history. Nothing else of the store changes: neither consistent
index nor members, which `snapshot restore` sets. Knows nothing of pages, which `bbolt_write` lays out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kstore.errors import Conflict, DamagedStore, SourceError, Unsupported, WriteRefused
from kstore.new_file import NewFile
from kstore.operating_system import write_at
from kstore.printable import key_text
from kstore.records import Delete, Mutation, Put, Record
from kstore.sorted_keys import SortedKeys
from kstore.source.bbolt.writer import BucketAppender, DatabaseCopy
from kstore.source.mvcc.key_value import encode_key_value, revision_key
from kstore.source.mvcc.reader import Mvcc
from kstore.source.snapshot.source import SnapshotSource

_KEY_BUCKET = b"key"


@dataclass(frozen=True, slots=True)
class Written:
    """What a new database file is."""

    revision: int
    """Its newest revision: the input's, and one more for every mutation."""
    puts: int
    deletes: int
    size: int
    """The file's bytes."""
    sha256: str
    """The checksum at its end, in hex; empty where the input had none either."""


def write_database(
    source: SnapshotSource,
    mutations: Iterable[Mutation],
    output: Path,
    *,
    overwrite: bool = False,
    before_named: Callable[[Written], None] = lambda _: None,
) -> Written:
    """
    Write the database of `source` with `mutations` done to it, in their order, each at a revision of its own.

    The output appears whole or not at all, readable by its owner only; the input is never touched. `mutations` may be
    read from `source` while this goes on: it sees the store as it was. Memory does not grow with their number.

    Args:
        source: a snapshot, a database file or the demo store.
        mutations: at most one for each key.
        output: the new file; it ends with a checksum if the input does.
        overwrite: replace a file that is there.
        before_named: called when all is on the disk and the file is about to get its name.

    Raises:
        Conflict: a key is not as its mutation expects, or has been changed by another one before.
        WriteRefused: the output is there, or is the input.
        DamagedStore: the input cannot be read, or is only read in part (`salvage`).
        SourceError: the file cannot be written, or a lease is not in the store.
        Unsupported: the source has a log replayed on top of its file.
    """
    _refuse(source, output, overwrite)
    try:
        with NewFile(output) as new:
            written = _write(source, mutations, new.descriptor)
            os.fsync(new.descriptor)
            before_named(written)
            new.publish()
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", where=str(output)) from error
    return written


def _refuse(source: SnapshotSource, output: Path, overwrite: bool) -> None:
    """See that what is asked for can be done, before anything is written."""
    if output.exists():
        if output.samefile(source.database_path):
            raise WriteRefused("the output is the input, which is never changed", where=str(output))
        if not overwrite:
            raise WriteRefused("the file already exists", where=str(output), hint="name another output")
    if source.replayed:
        raise Unsupported(
            "the changes that are only in the write-ahead log cannot be written to a file",
            where=source.shown,
            hint="leave the log out",
        )
    source.verify()
    if source.damage:
        raise DamagedStore(
            f"a database that is damaged ({source.damage[0].message}) is not written on",
            where=source.shown,
            hint="export what is readable, and restore it into a new etcd",
            offset=source.damage[0].offset,
        )


def _write(source: SnapshotSource, mutations: Iterable[Mutation], descriptor: int) -> Written:
    """Copy, append, name the new roots, and add the checksum."""
    copy = DatabaseCopy(source.database, descriptor)
    bucket = source.mvcc.buckets[_KEY_BUCKET]
    appender = BucketAppender(copy, bucket)
    changes = _Changes(source.mvcc)
    for mutation in mutations:
        appender.append(*changes.entry(mutation))
    changes.end()
    if changes.puts or changes.deletes:
        copy.set_bucket_root(_KEY_BUCKET, appender.finish(), bucket.sequence)
    source.verify()
    size = copy.next_page * source.database.page_size
    digest = b""
    if source.trailer:
        digest = _digest(descriptor)
        write_at(descriptor, digest, size)
    return Written(changes.revision, changes.puts, changes.deletes, size + len(digest), digest.hex())


def _digest(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return hashlib.file_digest(file, "sha256").digest()


class _Changes:
    """Mutations on top of a store: which entry each becomes, if its key is as it expects."""

    def __init__(self, mvcc: Mvcc) -> None:
        self._mvcc = mvcc
        self._view = mvcc.view()
        self._changed = bytearray(len(self._view))
        self._created = SortedKeys(adds=True)
        self._leases = mvcc.cluster.granted
        self.revision = mvcc.current_revision
        self.puts = 0
        self.deletes = 0

    def entry(self, mutation: Mutation) -> tuple[bytes, bytes]:
        """The key and value in the bucket `key` that this mutation becomes."""
        old = self._old(mutation)
        self.revision += 1
        if isinstance(mutation, Put):
            self.puts += 1
            self._check_lease(mutation, old)
            return revision_key(self.revision, 0), encode_key_value(self._new(mutation, old))
        self.deletes += 1
        tombstone = Record(mutation.key, b"", 0, 0, 0)
        return revision_key(self.revision, 0, tombstone=True), encode_key_value(tombstone)

    def _new(self, put: Put, old: Record | None) -> Record:
        """The record as `storeTxnWrite.put` makes it."""
        created, version = (old.create_revision, old.version + 1) if old else (self.revision, 1)
        return Record(put.key, put.value, created, self.revision, version, put.lease)

    def _old(self, mutation: Mutation) -> Record | None:
        """What is there now."""
        key = mutation.key
        if not key:
            raise SourceError("a key must not be empty", where=self._mvcc.database.file.name)
        position = self._view.position(key)
        place = self._view[position] if position < len(self._view) else None
        found = place if place is not None and place.key == key else None
        old = None
        if found:
            if self._changed[position]:
                raise _twice(key)
            self._changed[position] = 1
            old = self._mvcc.record(*found, keys_only=True)
        else:
            self._note_created(key)
        there = old.mod_revision if old else 0
        if there != mutation.expected_mod_revision or (old is None and isinstance(mutation, Delete)):
            state = f"is at revision {there}" if there else "is not in the store"
            expected = mutation.expected_mod_revision
            wanted = f"expected was revision {expected}" if expected else "expected was that it is not there"
            raise Conflict(f"the key {state}, {wanted}", where=key_text(key))
        return old

    def _note_created(self, key: bytes) -> None:
        if key in self._created.numbers:
            raise _twice(key)
        self._created.note(key, low=1)

    def end(self) -> None:
        """
        See that no key was created twice, where there were too many to be sure before.

        Raises:
            Conflict: one was.
        """
        for block in self._created.blocks():
            for key, times in zip(block.keys, block.low, strict=True):
                if times > 1:
                    raise _twice(key)

    def _check_lease(self, put: Put, old: Record | None) -> None:
        """A server would refuse a lease that it does not know; one that the key has already stays as it is."""
        if put.lease and put.lease not in self._leases and (old is None or old.lease != put.lease):
            raise SourceError(f"there is no lease {put.lease:x} in the store", where=key_text(put.key))


def _twice(key: bytes) -> Conflict:
    return Conflict("the key is changed twice in one run", where=key_text(key))


__all__ = ["Written", "write_database"]
