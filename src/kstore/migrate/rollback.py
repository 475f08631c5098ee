"""
After a migration: what its journal left open is found out, and what it wrote is undone.

Every write is a compare-and-swap on the revision that the migration itself wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kstore.errors import Conflict, Interrupted, RequestTooLarge, SourceError
from kstore.migrate.finding import Finding
from kstore.migrate.journal import Batch, Entry, Journal, JournalWriter, digest
from kstore.migrate.patience import REFUSALS, patiently
from kstore.migrate.progress import Progress, Silent, Stop
from kstore.records import Put, Record
from kstore.source.interface import Source, WritableSource

# ---- after a crash


def settle(journal: Journal, writer: JournalWriter, source: Source) -> int:
    """
    Find out about the transactions that were on the way when the journal broke off, and write it down.

    Returns:
        How many there were.
    """
    count = 0
    for batch in journal.batches():
        if batch.revision is None:
            count += 1
            revision = _happened(batch, source)
            if revision:
                writer.done(batch.number, revision)
            else:
                writer.undone(batch.number, "unknown")
    return count


def _happened(batch: Batch, source: Source) -> int:
    """The revision of a transaction of unknown end, or 0: it happened for all of its objects, or for none."""
    for entry in batch.entries:
        record = source.get(entry.key)
        if record is None:
            continue
        if record.mod_revision == entry.mod_revision:
            return 0
        if digest(record.value) == entry.after:
            return record.mod_revision
    return 0


# ---- undoing


@dataclass
class RolledBack:
    """What a rollback did."""

    restored: int = 0
    already: int = 0
    """Objects that lay there as before: a rollback that was interrupted had done them."""
    findings: dict[bytes, Finding] = field(default_factory=dict)
    """Objects that others have changed since; they were left as they are."""


class Rollback:
    """
    Puts back the bytes that a migration replaced.

    Args:
        journal: the migration's.
        source: the store that it wrote to.
        patience: seconds to wait for a store that does not answer.
    """

    def __init__(
        self,
        journal: Journal,
        source: WritableSource,
        *,
        patience: float = 120,
        progress: Progress | None = None,
        stop: Stop | None = None,
    ) -> None:
        self._journal = journal
        self._source = source
        self._patience = patience
        self._progress = progress or Silent()
        self._stop = stop or Stop()
        self._result = RolledBack()
        self._left: dict[bytes, list[Entry]] = {}
        """What was not as the migration left it when its turn came, in the journal's order."""

    def run(self) -> RolledBack:
        """
        Undo every transaction that happened. It may be interrupted and run again.

        Raises:
            SourceError: the store failed, or refuses.
            Interrupted: `stop` was asked for.
        """
        for batch in self._journal.batches():
            if self._stop.asked:
                raise Interrupted(
                    f"stopped between two transactions, {self._result.restored} objects are put back",
                    where=str(self._journal.path),
                    hint=f"`kstore migrate rollback {self._journal.path}` goes on",
                )
            revision = batch.revision if batch.revision is not None else _happened(batch, self._source)
            if revision:
                pairs = [(entry, batch.revision_of(at) or revision) for at, entry in enumerate(batch.entries)]
                most = 1 if self._source.limits().single_key else self._source.limits().operations
                for at in range(0, len(pairs), most):
                    self._restore(pairs[at : at + most])
        for entries in list(self._left.values()):
            for entry in reversed(entries):
                record = self._now(entry)
                if record is not None and digest(record.value) == entry.after:
                    self._restore([(entry, record.mod_revision)])
        return self._result

    def _restore(self, pairs: Sequence[tuple[Entry, int]]) -> None:
        puts = [Put(entry.key, entry.before, revision, entry.lease) for entry, revision in pairs]
        try:
            succeeded = self._source.commit(puts).succeeded
        except (Conflict, RequestTooLarge):
            succeeded = False
        except REFUSALS:
            raise
        except SourceError:
            # whether it happened the store says: what lies there as before is done
            patiently(self._source.status, self._patience, self._progress, self._stop)
            succeeded = False
        if succeeded:
            self._result.restored += len(pairs)
            self._progress.written(len(pairs))
            for entry, _ in pairs:  # an earlier entry of the same key was overtaken by this one
                self._result.findings.pop(entry.key, None)
        elif len(pairs) > 1:
            middle = len(pairs) // 2
            self._restore(pairs[:middle])
            self._restore(pairs[middle:])
        else:
            self._leave(pairs[0][0])

    def _leave(self, entry: Entry) -> None:
        """An object that is not as the migration left it: said, never overwritten."""
        record = self._now(entry)
        if record is not None and record.value == entry.before and record.mod_revision > entry.mod_revision:
            self._result.already += 1
            self._result.findings.pop(entry.key, None)
            return
        self._result.findings[entry.key] = _changed_since(entry, record)
        # looked at again at the end: a later entry of the key may bring back what this one left, and so may a later
        # migration that was undone
        self._left.setdefault(entry.key, []).append(entry)

    def _now(self, entry: Entry) -> Record | None:
        return patiently(lambda: self._source.get(entry.key), self._patience, self._progress, self._stop)


def _changed_since(entry: Entry, record: Record | None) -> Finding:
    key = entry.key.decode("utf-8", "backslashreplace")
    if record is None:
        return Finding(key, "deleted", "deleted by others since")
    if digest(record.value) == entry.after:
        return Finding(key, "lease", "it could not be put back: its lease is gone")
    return Finding(key, "changed", f"changed by others since, at revision {record.mod_revision}")
