"""
Files that etcd leaves behind, as stores: a saved snapshot, a database file, a data directory.

Knows the SHA-256 at a snapshot's end, and when a file must be copied because an etcd is running on it. Knows nothing of
pages and revisions, which `bbolt` and `mvcc` read, nor where in a directory the database is, which `member` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from kstore.errors import DamagedStore, NotADatabase, SourceError, StoreNotFound
from kstore.operating_system import is_locked
from kstore.records import Record, Revision, RevisionSize
from kstore.source.bbolt.database import Damage, Database
from kstore.source.bbolt.page_file import PageFile
from kstore.source.interface import Source, StoreStatus
from kstore.source.mvcc.page_scan import ScannedPages
from kstore.source.mvcc.reader import SCANNED, Mvcc
from kstore.source.snapshot import member
from kstore.source.snapshot.digest import Findings, SnapshotDigest
from kstore.source.snapshot.running_copy import copy_running
from kstore.source.snapshot.torn_copy import find_tear

TRAILER = 32
"""A snapshot ends with the SHA-256 of all before it (`client/v3/snapshot/v3_snapshot.go`)."""
_SECTOR = 512
"""Database files are whole pages, hence whole sectors: what is left over is the trailer (`etcdutl/snapshot`)."""
_SEARCHES = 3
"""How many single keys are searched for before it pays to list all keys."""


def has_checksum(size: int) -> bool:
    """Whether a file of so many bytes is a saved snapshot, as etcdutl tells it (`hasChecksum`, `v3_snapshot.go`)."""
    return size % _SECTOR == TRAILER


class SnapshotSource(Source):
    """
    A file of etcd's, or a data directory, read as it is and never written.

    The database of a running etcd is read without its lock, as of its last commit, which is up to a tenth of a second
    (or ten thousand changes) behind the server; with `wal` the changes since are there too.

    Args:
        path: a file of `etcdctl snapshot save`, a database (`member/snap/db`), or an etcd data directory.
        salvage: go round damage and note it in `damage`, instead of raising at the first thing wrong.
        wal: replay the write-ahead log of the data directory on top of the database.
        shown: what errors call the file, if not by its path.
        memory: where to look up whether the snapshot was found whole lately; without it its checksum is computed.

    Raises:
        StoreNotFound: there is no such file, or no database in the directory.
        NotADatabase: the file is not etcd's.
        DamagedStore: it is, but cannot be read (without `salvage`, also when a part of it cannot).
        SourceError: `wal` is asked for, and there is none.
    """

    def __init__(
        self, path: Path, *, salvage: bool = False, wal: bool = False, memory: Findings | None = None, shown: str = ""
    ) -> None:
        self.path = path
        self.shown = shown or str(path)
        """What people call it: its path, the address that it was fetched from, or `demo`."""
        self.database_path, note = member.find_database(path)
        self.notes = (note,) if note else ()
        self.kind = "database"
        self.trailer = b""
        """The SHA-256 that the file ends with, when it is a snapshot."""
        self._digest: SnapshotDigest | None = None
        self._memory = memory
        self._searches = 0
        self.salvage = salvage
        """Whether damage is gone round, so that something may be missing."""
        self._damage: list[Damage] = []
        self.replayed = 0
        """How many changes of the write-ahead log are on top of the file's."""
        self.is_running = False
        """Whether an etcd has the database open, so that a consistent copy of it is what is read."""
        try:
            self._file = PageFile.open(self.database_path)
            self._file.name = shown or self._file.name
        except OSError as error:
            raise StoreNotFound(f"cannot be opened: {error.strerror}", where=str(self.database_path)) from error
        try:
            self._open()
            if wal:
                self._replay()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        file = self._file
        if file.size == 0:
            raise NotADatabase(
                "the file is empty", where=file.name, hint="save or copy it again: what wrote it has failed"
            )
        self.size = file.size
        if has_checksum(file.size):
            self.kind = "snapshot"
            self.trailer = file.read(file.size - TRAILER, TRAILER)
            file.size -= TRAILER
        elif is_locked(file.descriptor):
            self.is_running = True
            self._file = copy_running(file)
            file.close()
        self.database = Database(self._file, salvage=self.salvage, guarded=bool(self.trailer))
        if not self.trailer and file.size % _SECTOR:
            problem = f"{file.size} bytes are neither whole pages nor those and a checksum: the file was cut short"
            self.database.fault(problem, file.size, "what came after")
        if self.trailer:
            self._digest = SnapshotDigest(file, self.trailer, self._memory)
        self.mvcc = Mvcc(self.database)
        if not self.trailer and not self.is_running:
            self._check_for_tear()

    def _check_for_tear(self) -> None:
        """See that the file, which has no checksum, is no copy that was taken while etcd wrote to it."""
        mvcc = self.mvcc
        tear = find_tear(self.database, mvcc.buckets, mvcc.compact_revision, mvcc.current_revision)
        if tear is None:
            return
        problem = f"this is a copy that was taken while etcd wrote to the file: {tear.problem}"
        if not self.salvage:
            raise DamagedStore(
                f"{problem} (byte {tear.offset})",
                where=self._file.name,
                hint="save a snapshot (etcdctl snapshot save), or copy the file while its etcd is stopped; "
                "`salvage=True` reads what its pages hold",
                offset=tear.offset,
            )
        self.database.fault(problem, tear.offset, SCANNED)
        self.mvcc = Mvcc(self.database, ScannedPages(self.database))
        self._name_gaps()

    def _name_gaps(self) -> None:
        """Say how many revisions of a torn file are on none of its pages."""
        mvcc = self.mvcc
        held = {entry.main for entry in mvcc.entries() if entry.main > mvcc.compact_revision}
        first = max(mvcc.compact_revision, 1) + 1
        missing = mvcc.current_revision - first + 1 - len(held)
        if missing > 0:
            problem = f"{missing} revisions between {first} and {mvcc.current_revision} are on no page"
            self.database.fault(problem, 0, "what they changed, but for what etcd has compacted")

    @property
    def _log(self) -> Path:
        return self.database_path.parent.parent / "wal"

    @property
    def has_log(self) -> bool:
        """Whether the write-ahead log is beside the database."""
        return self._log.is_dir()

    def _replay(self) -> None:
        from kstore.source.wal.replay import replay

        folder = self._log
        if not self.has_log:
            raise SourceError(
                "there is no write-ahead log beside this database", where=str(folder), hint="give the data directory"
            )
        self.verify()
        self.replayed, damage = replay(self.mvcc, folder, salvage=self.salvage)
        self._damage += damage

    @property
    def damage(self) -> list[Damage]:
        """What of the store could not be read so far, when salvaging; whole once all has been read."""
        return [*self.database.damage, *self._damage]

    def verify(self) -> None:
        """
        See that what was read is what was saved: by the snapshot's checksum, or by nobody having written since.

        Raises:
            DamagedStore: the checksum is another.
            SourceError: the file has changed under the reader.
        """
        file = self._file
        if self._digest is not None:
            digest, self._digest = self._digest.result(), None
            if digest != self.trailer:
                problem = f"the snapshot's SHA-256 is {digest.hex()}, at its end it says {self.trailer.hex()}"
                if not self.salvage:
                    raise file.damaged(problem, file.size)
                self._damage.append(Damage(file.size, problem, "the certainty that all values are as they were saved"))
        elif not self.trailer and not self.salvage and self.database.transaction() != self.database.meta.transaction:
            raise SourceError(
                "the file was written to while it was read", where=file.name, hint="try again, or ask the etcd itself"
            )

    def status(self) -> StoreStatus:
        """The file's revision, sizes and what the cluster was, without reading the values."""
        database, mvcc = self.database, self.mvcc
        details = {
            "consistent index": str(mvcc.cluster.consistent_index),
            "raft term": str(mvcc.cluster.term),
            "members": ", ".join(str(each.get("name", "")) for each in mvcc.cluster.members().values()),
            "transaction": str(database.meta.transaction),
            "page size": str(database.page_size),
        }
        if self.trailer:
            details["sha256"] = self.trailer.hex()
        if self.replayed:
            details["log entries replayed"] = str(self.replayed)
        return StoreStatus(
            location=self.shown,
            kind=self.kind,
            revision=mvcc.current_revision,
            compact_revision=mvcc.compact_revision,
            server_version=mvcc.cluster.cluster_version(),
            size=self.size - len(self.trailer),
            size_in_use=database.pages_in_use() * database.page_size,
            alarms=mvcc.cluster.alarms(),
            details=details,
        )

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        """Yield the live records whose key begins with `prefix`, in key order, as of one revision (see `Source`)."""
        mvcc = self.mvcc
        view = mvcc.view(mvcc.check_revision(revision))
        self.verify()
        for key, offset, size in view.places(view.span(prefix, start)):
            record = mvcc.record(key, offset, size)
            if record is not None:
                yield record
        self.verify()

    def keys(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[bytes]:
        """Yield the live keys that begin with `prefix`, in order; what is stored at them is not looked at."""
        return chain.from_iterable(self.key_pages(prefix, revision=revision, start=start))

    def key_pages(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Sequence[bytes]]:
        """Yield the same keys, many at once."""
        view = self.mvcc.view(self.mvcc.check_revision(revision))
        self.verify()
        yield from view.keys(view.span(prefix, start))
        self.verify()

    def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        """The record of exactly this key; the first few are searched for without listing all keys."""
        mvcc = self.mvcc
        revision = mvcc.check_revision(revision)
        self._searches += 1
        if not key:
            return None
        if mvcc.has_view(revision) or self._searches > _SEARCHES:
            place = mvcc.view(revision).find(key)
            record = mvcc.record(*place) if place else None
        else:
            entry = mvcc.find(key, revision)
            record = mvcc.record(key, entry.offset, entry.size) if entry else None
        self.verify()
        return record

    def count(self, prefix: bytes = b"", *, revision: int = 0) -> int:
        """The number of live keys that begin with `prefix`."""
        view = self.mvcc.view(self.mvcc.check_revision(revision))
        self.verify()
        return len(view.span(prefix))

    def history(self, key: bytes) -> Iterator[Revision]:
        """Yield what is left of the key's history, oldest first, tombstones included."""
        yield from self._history(key, key)

    def history_scan(self, prefix: bytes = b"") -> Iterator[Revision]:
        """Yield every revision of every key that begins with `prefix`, in revision order, tombstones included."""
        yield from self._history(b"", prefix)

    def history_sizes(self) -> Iterator[RevisionSize]:
        """Yield the sizes of all revisions; no value is read."""
        make = RevisionSize._make
        for main, _, tombstone, key, _, size in self.mvcc.retained():
            yield make((key, main, size, tombstone))
        self.verify()

    def _history(self, only: bytes, prefix: bytes) -> Iterator[Revision]:
        for entry in self.mvcc.retained(only):
            if entry.key.startswith(prefix):
                revision = self.mvcc.revision_record(entry)
                if revision is not None:
                    yield revision
        self.verify()

    def leases(self) -> dict[int, int]:
        """The leases and their granted time to live, in seconds."""
        return dict(self.mvcc.cluster.granted)

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        if self._digest is not None:
            self._digest.cancel()
            self._digest = None
        self._file.close()


__all__ = ["Damage", "SnapshotSource"]
