"""
etcd's buckets over bbolt's pages: what keys a store holds, now or as of an earlier revision.

Knows revision keys, tombstones, `mvccpb.KeyValue` and compaction as etcd 3.0 to 3.7 write them
(`server/storage/mvcc/revision.go`, `kvstore.go`). Knows nothing of files, checksums and locks, nor of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import NamedTuple

from kstore.errors import Compacted, FutureRevision, NotADatabase
from kstore.printable import key_text
from kstore.records import Record, Revision
from kstore.sorted_keys import SortedKeys
from kstore.source.bbolt.database import Bucket, Database
from kstore.source.mvcc.cluster_state import ClusterState
from kstore.source.mvcc.key_value import (
    REVISION_KEY,
    TOMBSTONE_MARK,
    UNDERSCORE,
    encode_key_value,
    parse_key_value,
    parse_revision_key,
)
from kstore.source.mvcc.page_scan import ScannedPages, scan
from kstore.source.mvcc.view import View, ViewBuilder
from kstore.wire import read_varint, varint

_APPENDED = 1 << 60
"""Offsets from here on are numbers of entries that no page holds (yet): a log replayed on top of the file."""
_HEAD = 64
"""More than the fields of a KeyValue take that come before the value, its key aside."""
_SMALL = 4096
"""Up to this size one read of the whole entry is cheaper than one of its beginning and one of its end."""
_BY_KEY = attrgetter("key")
SCANNED = "what leads to the keys: whatever a page holds is read, deleted keys and older states of others among it"


class KeyRevision(NamedTuple):
    """One change of one key, and where its `KeyValue` is."""

    main: int
    sub: int
    tombstone: bool
    key: bytes
    offset: int
    size: int


class Mvcc:
    """
    The store that a bbolt database holds.

    Args:
        database: the database.
        pages: where the changes of keys are, if not in the bucket `key`. When salvaging, all pages are looked at for
            them if there is no such bucket.

    Raises:
        NotADatabase: it has no bucket `key`: bbolt's, but not etcd's.
    """

    def __init__(self, database: Database, pages: ScannedPages | None = None) -> None:
        self.database = database
        self.buckets = dict(database.buckets())
        key_bucket: Bucket | ScannedPages | None = self.buckets.get(b"key")
        if pages is not None:
            key_bucket = pages
        elif key_bucket is None:
            key_bucket = self._without_bucket()
        elif isinstance(key_bucket, Bucket) and database.salvage and not key_bucket.has_root():
            database.fault("the root of bucket 'key' cannot be read", key_bucket.root * database.page_size, SCANNED)
            key_bucket = ScannedPages(database)
        self._key_bucket = key_bucket
        self.cluster = ClusterState(self.bucket_items)
        """What the database says of its cluster."""
        self._appended: list[tuple[KeyRevision, bytes]] = []
        self._view: View | None = None
        finished, scheduled = self._revision_of(b"finishedCompactRev"), self._revision_of(b"scheduledCompactRev")
        # a compaction that was scheduled but not finished is in force (`store.updateCompactRev`), and a server that
        # starts on the file goes on with it (`store.restore`)
        self.compact_revision = max(finished, scheduled)
        self.current_revision = max(self._newest_revision(), self.compact_revision, 1)

    def _without_bucket(self) -> ScannedPages:
        """
        What pages hold of a database that has no bucket `key`.

        Raises:
            NotADatabase: nothing.
            DamagedStore: something, and the database does not salvage.
        """
        page = next(scan(self.database), None)
        if page is None and not self.database.damage:
            names = ", ".join(name.decode(errors="replace") for name in self.buckets) or "none"
            raise NotADatabase(
                f"this is a bbolt database, but not etcd's: it has no bucket 'key' (its buckets: {names})",
                where=self.database.file.name,
            )
        offset = page.number * self.database.page_size if page else 0
        found = f", though page {page.number} holds changes of keys" if page else ""
        self.database.fault(f"no bucket 'key' can be found{found}", offset, SCANNED)
        return ScannedPages(self.database)

    def bucket_items(self, name: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of one of etcd's buckets; nothing when the bucket is not there."""
        bucket = self.buckets.get(name)
        return iter(()) if bucket is None else bucket.items()

    # ---- revisions

    def _newest_revision(self) -> int:
        leaf = self._key_bucket.last_leaf()
        if leaf is None or not leaf.elements:
            return 0
        parsed = parse_revision_key(leaf.elements[-1].key)
        return parsed[0] if parsed else 0

    def _revision_of(self, name: bytes) -> int:
        parsed = parse_revision_key(self.cluster.meta.get(name, b""))
        return parsed[0] if parsed else 0

    def check_revision(self, revision: int) -> int:
        """
        The revision to look at: the newest for 0.

        Raises:
            Compacted: it is older than what is held.
            SourceError: it is yet to come.
        """
        where = self.database.file.name
        if revision == 0:
            return self.current_revision
        if revision < self.compact_revision:
            raise Compacted(
                f"revision {revision} has been compacted: the oldest held is {self.compact_revision}",
                compact_revision=self.compact_revision,
                where=where,
            )
        if not 0 < revision <= self.current_revision:
            raise FutureRevision(
                f"there is no revision {revision} yet: the newest is {self.current_revision}", where=where
            )
        return revision

    def entries(self, revision: int = 0, *, only: bytes = b"") -> Iterator[KeyRevision]:
        """
        Every change that the file still holds, in revision order.

        An entry with an empty value changes no key: `etcdutl snapshot restore --bump-revision` puts one at the new
        revision (`etcdutl/snapshot/v3_snapshot.go`, `unsafeBumpBucketsRevision`), for etcd to count on from there.

        Args:
            revision: end with the changes of this revision; 0 for all.
            only: changes of this key alone, found without reading the others one by one.

        Raises:
            DamagedStore: an entry is not what it must be, and the database does not salvage.
        """
        sought = b"\n" + varint(len(only)) + only if only else b""
        stop = REVISION_KEY.pack(revision + 1, b"_", 0) if revision else None
        make = KeyRevision._make
        unpack = REVISION_KEY.unpack_from
        for buffer, shift, elements in self._key_bucket.leaves(stop=stop, containing=sought):
            for flags, revision_key, begin, end in elements:
                if stop is not None and revision_key >= stop:
                    break
                length = len(revision_key)
                if begin == end and length == 17 and not flags:
                    continue
                key_at = begin + 2
                key_end = key_at + buffer[begin + 1] if end > begin + 1 else end + 1
                if key_end - key_at > 0x7F:
                    key_at, key_end = _long_key(buffer, begin, end)
                if (
                    flags
                    or not 17 <= length <= 18
                    or revision_key[8] != UNDERSCORE
                    or (length == 18 and revision_key[17] != TOMBSTONE_MARK)
                    or key_end > end
                    or buffer[begin] != 0x0A
                ):
                    self._fault_entry(revision_key, begin + shift)
                    continue
                key = buffer[key_at:key_end]
                if only and key != only:
                    continue
                main, _, sub = unpack(revision_key)
                yield make((main, sub, length == 18, key, begin + shift, end - begin))
        for entry, _ in self._appended:
            if (not revision or entry.main <= revision) and (not only or entry.key == only):
                yield entry

    def _fault_entry(self, revision_key: bytes, offset: int) -> None:
        self.database.fault(
            f"this is no change of a key: revision key {revision_key[:20].hex()}", offset, "one change of one key"
        )

    def append(self, main: int, sub: int, record: Record | None, key: bytes) -> None:
        """Put a change on top of what the file holds: a record, or a tombstone for None."""
        data = encode_key_value(record) if record else b"\n" + varint(len(key)) + key
        entry = KeyRevision(main, sub, record is None, key, _APPENDED + len(self._appended), len(data))
        self._appended.append((entry, data))
        self.current_revision = max(self.current_revision, main)
        self._view = None

    def compact(self, revision: int) -> None:
        """Refuse from now on what is older than a revision."""
        self.compact_revision = revision

    def view(self, revision: int = 0) -> View:
        """The live keys as of a revision that `check_revision` has let pass; the last one made is kept."""
        revision = revision or self.current_revision
        if self._view is None or self._view.revision != revision:
            for _ in self._noting_view(revision):
                pass
        assert self._view is not None
        return self._view

    def _noting_view(self, revision: int) -> Iterator[KeyRevision]:
        """The changes up to a revision; once they have been seen its view is at hand, and needs no pass of its own."""
        builder = ViewBuilder()
        newest, at_once = builder.newest.numbers, builder.newest.at_once
        for entry in self.entries(revision if revision < self.current_revision else 0):
            _, _, tombstone, key, offset, size = entry
            if tombstone:
                builder.delete(key)
            else:
                newest[key] = offset << 32 | size
                if len(newest) >= at_once:
                    builder.newest.put_aside()
            yield entry
        self._view = builder.view(revision)

    def has_view(self, revision: int) -> bool:
        """Whether the view of that revision is at hand."""
        return self._view is not None and self._view.revision == revision

    def find(self, key: bytes, revision: int) -> KeyRevision | None:
        """The change that a key's value is from, as of a revision; None when it is not live."""
        found: KeyRevision | None = None
        for found in self.entries(revision, only=key):  # noqa: B007 - the last one counts
            pass
        return None if found is None or found.tombstone else found

    def retained(self, key: bytes = b"") -> Iterator[KeyRevision]:
        """
        The changes that a client of etcd could still see, in revision order.

        That is the newest of each key that was live at the compaction's revision, and all after it. What else the file
        still holds differs: a compaction may not have removed it yet, and releases differ about tombstones.

        Where there was a compaction, what is before it is read twice, so that memory does not grow with the keys.
        """
        if key:
            yield from self._retained_of(key)
            return
        compacted, now = self.compact_revision, self.current_revision
        before, newest = _newest_of_each(self.entries(compacted)) if compacted else (0, bytearray())
        entries = self.entries() if self.has_view(now) else self._noting_view(now)
        transaction: list[KeyRevision] = []
        for number, entry in enumerate(entries):
            if transaction and entry.main > transaction[0].main:
                yield from sorted(transaction, key=_BY_KEY)
                transaction.clear()
            if number >= before:
                yield entry
            elif newest[number >> 3] >> (number & 7) & 1:
                transaction.append(entry)
        yield from sorted(transaction, key=_BY_KEY)

    def _retained_of(self, key: bytes) -> Iterator[KeyRevision]:
        base: KeyRevision | None = None
        for entry in self.entries(only=key):
            if entry.main <= self.compact_revision:
                base = None if entry.tombstone else entry
                continue
            if base:
                yield base
                base = None
            yield entry
        if base:
            yield base

    # ---- records

    def revision_record(self, entry: KeyRevision) -> Revision | None:
        """The entry with its value; None when it is damaged and that has been noted."""
        if entry.tombstone:
            return Revision(Record(entry.key, b"", 0, entry.main, 0), deleted=True)
        record = self.record(entry.key, entry.offset, entry.size)
        return None if record is None else Revision(record)

    def record(self, key: bytes, offset: int, size: int, *, keys_only: bool = False) -> Record | None:
        """
        The record at a place; None when it is damaged and that has been noted.

        Raises:
            DamagedStore: it is not a whole KeyValue of that key, and the database does not salvage.
        """
        try:
            if offset >= _APPENDED:
                record = parse_key_value(self._appended[offset - _APPENDED][1], keys_only=keys_only)
            elif keys_only and size > _SMALL:
                read = self.database.file.read
                head = read(offset, min(size, len(key) + _HEAD))
                record = parse_key_value(head, keys_only=True, size=size, rest=lambda at: read(offset + at, size - at))
            else:
                record = parse_key_value(self.database.file.read(offset, size), keys_only=keys_only)
        except (ValueError, IndexError) as error:
            reason = str(error) if isinstance(error, ValueError) else "it ends in the middle of a field"
            self.database.fault(f"a value cannot be read: {reason}", offset, f"a revision of {key_text(key)}")
            return None
        if record.key != key or not 0 < record.create_revision <= record.mod_revision or record.version < 1:
            self.database.fault("a value's revisions do not hold together", offset, f"a revision of {key_text(key)}")
            return None
        return record


def _newest_of_each(entries: Iterable[KeyRevision]) -> tuple[int, bytearray]:
    """How many changes there are, and, a bit each, which of them are the newest of their key and leave it live."""
    last = SortedKeys()
    count = 0
    for count, entry in enumerate(entries, 1):
        last.numbers[entry.key] = SortedKeys.pack(0 if entry.tombstone else count, 0)
        if len(last.numbers) >= last.at_once:
            last.put_aside()
    newest = bytearray(count + 7 >> 3)
    for block in last.blocks():
        for number in filter(None, block.high):
            newest[number - 1 >> 3] |= 1 << (number - 1 & 7)
    return count, newest


def _long_key(buffer: bytes, begin: int, end: int) -> tuple[int, int]:
    """Where a key of 128 bytes or more begins and ends; an end beyond the entry's when it cannot be told."""
    try:
        length, position = read_varint(buffer[begin : min(end, begin + 12)], 1)
    except (ValueError, IndexError):
        return begin, end + 1
    return begin + position, begin + position + length
