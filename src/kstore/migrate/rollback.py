"""
A migration undone: the bytes that it replaced are put back, with their leases, wherever its own are still stored.

What decides that is the value, by its SHA-256 in the journal, and not the revision alone: a store that was restored
from a backup counts its revisions anew, and a write of others may have the very revision that the journal names. The
write itself is a compare-and-swap on the record that was looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kstore.errors import Interrupted, LeaseGone, WriteRefused
from kstore.migrate.discrepancy import Discrepancy
from kstore.migrate.journal import Entry, Journal, digest
from kstore.printable import key_text
from kstore.records import Delete, Mutation, Put, Record
from kstore.source.interface import WritableSource
from kstore.write.batches import ONE_BY_ONE, write_all
from kstore.write.commit import Left, Writer, Written
from kstore.write.retry import Retry


@dataclass(frozen=True, slots=True)
class Inverse:
    """What undoes one change: the inverse that its journal has kept, for the record that it has left."""

    entry: Entry
    record: Record

    def mutation(self) -> Mutation:
        """The bytes and the lease from before, in place of just this record; nothing, where nothing was before."""
        if self.entry.creates:
            return Delete(self.entry.key, self.record.mod_revision)
        return Put(self.entry.key, self.entry.before, self.record.mod_revision, self.entry.lease)


@dataclass
class RolledBack:
    """What a rollback did; each key that the migration wrote is counted once."""

    restored: int = 0
    already: int = 0
    """Objects that are stored as before: a rollback that was interrupted had put them back."""
    findings: dict[bytes, Discrepancy] = field(default_factory=dict)
    """Objects that were left as they are: others have changed them since, or their lease is gone."""

    may_come: int = 0
    """
    Keys that the migration may yet create: by transactions whose end nobody saw, and that nothing can keep from coming
    late, since a key that is not there has no revision to leave. Another rollback deletes them.
    """

    @property
    def written(self) -> int:
        """How many objects the migration had written."""
        return self.restored + self.already + len(self.findings)


class Rollback:
    """
    Puts back the bytes that a migration replaced.

    Args:
        journal: the migration's, settled (see `settle`).
        source: the store that it wrote to.
        retry: how long to wait for a store that does not answer.
        read_only: put nothing back: the store is another one than the migration wrote to.
    """

    def __init__(
        self, journal: Journal, source: WritableSource, *, retry: Retry | None = None, read_only: bool = False
    ) -> None:
        self._journal = journal
        self._source = source
        self._retry = retry or Retry()
        self._read_only = read_only
        self._writer: Writer[Inverse] = Writer(source, retry=self._retry)
        self._result = RolledBack()
        self._left: dict[bytes, list[Entry]] = {}
        """What was not as the migration left it when its turn came, in the journal's order."""
        self._faults: dict[bytes, WriteRefused] = {}
        """Why it could not be put back, where that is not what is stored."""
        self._restored_too: set[bytes] = set()
        """Keys among these that a later entry of theirs has put back."""
        self._already: set[bytes] = set()

    def run(self) -> RolledBack:
        """
        Undo every transaction that happened. It may be interrupted and run again.

        Raises:
            NoSpace: the server is full, or nearly so.
            SourceError: the store failed, or refuses.
            Interrupted: somebody asked to stop.
        """
        try:
            write_all(self._writer, self._inverses(), self._ended, pace=ONE_BY_ONE)
            for key, entries in self._left.items():
                self._undo_left(key, entries)
        except Interrupted as error:
            raise Interrupted(
                f"{error.message}, {self._result.restored} objects are put back",
                journal=str(self._journal.path),
                rolling_back=True,
            ) from None
        self._result.already = len(self._already)
        return self._result

    def _inverses(self) -> Iterator[Inverse | None]:
        """What undoes the changes whose keys are as these have left them."""
        for batch in self._journal.batches():
            if not batch.revision:
                continue
            keys = [entry.key for entry in batch.entries]
            records = self._retry.ask(lambda: self._source.get_all(keys))  # noqa: B023 - asked at once
            for at, (entry, record) in enumerate(zip(batch.entries, records, strict=True)):
                yield self._inverse(entry, batch.revision_of(at), record)

    def _inverse(self, entry: Entry, revision: int, record: Record | None) -> Inverse | None:
        if _is_as_before(record, entry):
            self._already.add(entry.key)
        elif self._read_only or record is None or record.mod_revision != revision or not _is_its(record, entry):
            self._leave(entry)
        else:
            return Inverse(entry, record)
        return None

    def _leave(self, entry: Entry) -> None:
        """
        Come back to an entry at the end: a later one of the same key may bring back what this one has left, and so may
        the rollback of a later migration have done. Why it could not be put back is asked then.
        """
        self._left.setdefault(entry.key, []).append(entry)

    def _ended(self, ending: Written[Inverse] | Left[Inverse]) -> None:
        entry = ending.change.entry
        if isinstance(ending, Written):
            self._back(entry.key)
        else:
            self._leave(entry)

    def _back(self, key: bytes) -> None:
        self._result.restored += 1
        self._retry.progress.written(1)
        self._already.discard(key)
        if key in self._left:
            self._restored_too.add(key)

    def _undo_left(self, key: bytes, entries: Sequence[Entry]) -> None:
        """Undo what can be undone of one key, the last change first; what cannot is named."""
        record = self._now(entries[-1])
        for entry in reversed(entries):
            if self._read_only or record is None or not _is_its(record, entry):
                continue
            (ending,) = self._writer.write([Inverse(entry, record)])
            if isinstance(ending, Left):
                self._faults[key] = ending.fault
            elif key not in self._restored_too:
                self._back(key)
            record = self._now(entry)
        if key in self._restored_too:
            return
        if _is_as_before(record, entries[0]):
            self._already.add(key)  # by a request of an earlier rollback that came late, or by others
        if key not in self._already:
            self._result.findings[key] = self._finding(entries[-1], record)

    def _finding(self, entry: Entry, record: Record | None) -> Discrepancy:
        key = key_text(entry.key)
        if self._read_only:
            return Discrepancy(key, "cluster", "this is not the cluster that the migration wrote to")
        if record is None:
            return Discrepancy(key, "deleted", "deleted by others since")
        if entry.creates:
            return Discrepancy(key, "changed", f"written by others since, at revision {record.mod_revision}")
        fault = self._faults.get(entry.key)
        if isinstance(fault, LeaseGone):
            return Discrepancy(key, "lease", f"it could not be put back: its lease {entry.lease:x} is gone")
        if fault is not None and _is_its(record, entry):
            return Discrepancy(key, fault.code, f"it could not be put back: {fault.message}")
        if record.value == entry.before:
            leases = f"its lease is {record.lease:x} now, and was {entry.lease:x}"
            return Discrepancy(key, "lease", f"its bytes are as before, but {leases}")
        return Discrepancy(key, "changed", f"changed by others since, at revision {record.mod_revision}")

    def _now(self, entry: Entry) -> Record | None:
        return self._retry.ask(lambda: self._source.get(entry.key))


def _is_as_before(record: Record | None, entry: Entry) -> bool:
    """Whether what is stored is what was there before the change."""
    if record is None or entry.creates:
        return record is None and entry.creates
    return (record.value, record.lease) == (entry.before, entry.lease)


def _is_its(record: Record, entry: Entry) -> bool:
    """Whether what is stored is what the change has left."""
    return digest(record.value) == entry.after
