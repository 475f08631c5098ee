"""
A cluster's keys copied, as `move.py` plans it: into a running store by compare-and-swap, or into a copy of a file.

Every key is noted in a journal before it is written, as something that was not there: so a rollback deletes it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kstore.errors import LeaseGone
from kstore.migrate.journal_format import Entry
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.move import Copy, CopyPlanner, MoveStep, MoveSummary
from kstore.migrate.offline import to_write
from kstore.migrate.plan import Skipped
from kstore.records import Record
from kstore.source.interface import Source, WritableSource
from kstore.source.snapshot.source import SnapshotSource
from kstore.write.batches import Pace, write_all
from kstore.write.commit import Left, Writer, Written
from kstore.write.compare_and_swap import KeyChange
from kstore.write.offline import write_copy
from kstore.write.progress import Progress, Stop
from kstore.write.retry import Retry


class CopyJournal:
    """
    Notes copies.

    Args:
        writer: the journal.
    """

    def __init__(self, writer: JournalWriter) -> None:
        self._writer = writer
        self.done, self.undone, self.publish = writer.done, writer.undone, writer.publish

    def begin(self, changes: Sequence[Copy]) -> int:
        """Note a batch; its number."""
        return self._writer.begin([_entry(copy) for copy in changes])


def _entry(copy: Copy) -> Entry:
    return Entry.of_key(KeyChange(copy.key, None, copy.value, copy.lease), None, copy.stored)


class CopyApplier:
    """
    Copies into a running store.

    Args:
        source: where the keys are read, and looked at again when a lease has gone.
        target: the store to write.
        planner: decides about each record.
        journal: where every batch is written down first.
        pace: how hard the store is pressed.
        retry: how long to wait for a store that does not answer.
    """

    def __init__(
        self, source: Source, target: WritableSource, planner: CopyPlanner, journal: JournalWriter, *, pace: Pace,
        retry: Retry,
    ) -> None:  # fmt: skip
        self.summary = MoveSummary()
        self._source = source
        self._planner = planner
        self._journal = journal
        self._pace = pace
        self._retry = retry
        self._writer: Writer[Copy] = Writer(target, CopyJournal(journal), retry=retry)
        self._lock = threading.Lock()

    @property
    def saw_every_end(self) -> bool:
        """False once it was unknown whether a transaction had happened."""
        return self._writer.saw_every_end

    def run(self, records: Iterable[Record]) -> MoveSummary:
        """
        Plan and write everything.

        Raises:
            KstoreError: as `Applier.run`; the journal can be resumed.
        """
        with self._journal.goes_on():
            write_all(self._writer, self._copies(records), self._ended, pace=self._pace)
        return self.summary

    def _copies(self, records: Iterable[Record]) -> Iterator[Copy | None]:
        for step in self._planner.plan(records):
            self._retry.progress.step(step)
            if isinstance(step, Copy):
                yield step
            else:
                self._count(step)
                yield None

    def _count(self, step: MoveStep) -> None:
        with self._lock:
            self.summary.add(step)
            if isinstance(step, Copy):
                self._retry.progress.written(1)

    def _ended(self, ending: Written[Copy] | Left[Copy]) -> None:
        copy = ending.change
        if isinstance(ending, Written):
            self._count(copy)
        elif isinstance(ending.fault, LeaseGone) and self._is_gone(copy.record):
            with self._lock:
                self.summary.ended += 1
        else:
            self._count(Skipped(copy.record, ending.fault, copy.stored))

    def _is_gone(self, record: Record) -> bool:
        return self._retry.ask(lambda: self._source.get(record.key)) is None


def copy_file(
    source: SnapshotSource,
    planner: CopyPlanner,
    records: Iterable[Record],
    output: Path,
    journal: JournalWriter,
    *,
    progress: Progress,
    stop: Stop,
) -> MoveSummary:
    """
    Write a database that has the copies beside all that the file has.

    Args:
        source: the file, which stays as it is.
        planner: decides about each record.
        records: read from it, in the order of their new keys.
        output: the new file; it appears whole or not at all.
        journal: one that appears whole, just before the output.
        progress: told of each step.
        stop: asks to stop.

    Raises:
        Interrupted: `stop` was asked for; there is no output then.
        KstoreError: as `write_database`.
    """
    summary = MoveSummary()

    write_copy(
        source,
        to_write(planner.plan(records), Copy, summary.add, progress, stop),
        output,
        CopyJournal(journal),
        replaced_bytes=lambda _: 0,
        finish=lambda: journal.finish(summary),
    )
    return summary


# ---- what others did meanwhile


@dataclass
class Meanwhile:
    """What has become of the cluster since a revision: whoever copies it should be alone with it."""

    changed: int = 0
    """Keys that were changed or created."""
    first: bytes = b""
    """The first of them."""
    revision: int = 0
    """The newest revision among them."""


def changed_since(source: Source, prefixes: Iterable[bytes], revision: int, retry: Retry) -> Meanwhile:
    """
    Which keys below some prefixes were changed or created after a revision; those that were deleted are not told of.

    Raises:
        KstoreError: the store failed.
    """
    found = Meanwhile()
    for record in retry.scan(source, prefixes):
        if record.mod_revision > revision:
            found.changed += 1
            found.first = found.first or record.key
            found.revision = max(found.revision, record.mod_revision)
    return found


__all__ = ["CopyApplier", "CopyJournal", "Meanwhile", "changed_since", "copy_file"]
