"""
The plan carried out on a running store.

Only an object that somebody else changed meanwhile is read and planned again; how it is written is `write`'s business.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from kstore.errors import Conflict, RequestTooLarge
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import Change, Planner, Skipped, Step
from kstore.migrate.summary import Summary
from kstore.records import Record
from kstore.source.interface import WritableSource
from kstore.write.batches import Pace, write_all
from kstore.write.commit import Left, Writer, Written
from kstore.write.retry import Retry

_ATTEMPTS = 8
"""How often one contended object is planned anew before it is left alone."""


class Applier:
    """
    Carries out a plan.

    Args:
        source: the running store.
        planner: decides about each record, and again about one that was changed meanwhile.
        journal: where every batch is written down first.
        pace: how hard the store is pressed.
        retry: how long to wait for a store that does not answer.
    """

    def __init__(
        self,
        source: WritableSource,
        planner: Planner,
        journal: JournalWriter,
        *,
        pace: Pace | None = None,
        retry: Retry | None = None,
    ) -> None:
        self.summary = Summary()
        self.writer: Writer[Change] = Writer(source, journal, retry=retry)
        """Whoever writes for the same migration writes with it."""
        self._planner = planner
        self._journal = journal
        self._pace = pace or Pace()
        self._retry = self.writer.retry
        self._lock = threading.Lock()

    def run(self, records: Iterable[Record]) -> Summary:
        """
        Plan and write everything.

        Raises:
            NoSpace: the server is full, or nearly so.
            AccessDenied: the user may not write.
            StoreUnreachable: the store stayed away for longer than it is waited for.
            JournalError: the journal cannot be written; then nothing more is.
            Interrupted: somebody asked to stop. The journal can be resumed after all of these.
        """
        with self._journal.goes_on():
            write_all(self.writer, self._changes(records), self._ended, pace=self._pace)
        return self.summary

    def _changes(self, records: Iterable[Record]) -> Iterator[Change | None]:
        """What is to be written; everything else is counted on the way."""
        for step in self._planner.plan(records):
            self._retry.progress.step(step)
            if isinstance(step, Change):
                yield step
            else:
                self._count(step)
                yield None

    def _count(self, step: Step) -> None:
        with self._lock:
            self.summary.add(step)
            if isinstance(step, Change):
                self._retry.progress.written(1)

    def _ended(self, ending: Written[Change] | Left[Change]) -> None:
        if isinstance(ending, Written):
            self._count(ending.change)
        elif isinstance(ending.fault, RequestTooLarge):
            self._count(Skipped(ending.change.record, ending.fault, ending.change.stored))
        else:
            self._again(ending)

    def _again(self, left: Left[Change]) -> None:
        """One object that somebody else has changed: plan it anew, never overwrite it."""
        with self._lock:
            self.summary.conflicts += 1
        for attempt in range(_ATTEMPTS):
            if left.found is None:  # it is gone, and with it the need
                return
            step = next(iter(self._planner.plan([left.found])), None)
            if step is None:
                return
            if not isinstance(step, Change):
                self._count(step)
                return
            (ending,) = self.writer.write([step])
            if isinstance(ending, Written) or isinstance(ending.fault, RequestTooLarge):
                self._ended(ending)
                return
            left = ending
            self._retry.stop.wait(0.01 * 2**attempt)
        fault = Conflict(f"changed by others {_ATTEMPTS} times while it was to be written", hint="migrate again later")
        self._count(Skipped(left.change.record, fault, left.change.stored))
