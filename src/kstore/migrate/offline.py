"""
A migration of a file: the result is a new database, the input stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from kstore.errors import Interrupted
from kstore.migrate.journal import JournalWriter
from kstore.migrate.plan import Change, Planner
from kstore.migrate.summary import Summary
from kstore.records import Put, Record
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import Written, write_database
from kstore.write.progress import Progress, Silent, Stop

_BATCH, _BATCH_BYTES = 128, 4 << 20
"""Objects a line of the journal, and bytes of their values."""


def migrate_file(
    source: SnapshotSource,
    planner: Planner,
    records: Iterable[Record],
    output: Path,
    journal: JournalWriter,
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> tuple[Summary, Written]:
    """
    Plan every record, and write a database with the changes.

    Args:
        records: read from `source`, in key order.
        output: the new file; it appears whole or not at all.
        journal: notes every change, for `verify`; one that appears whole, which it does just before the output.

    Raises:
        Interrupted: `stop` was asked for; there is no output then.
        KstoreError: as `write_database`.
    """
    run = _Run(planner, journal, progress or Silent(), stop or Stop())
    written = write_database(source, run.mutations(records), output, before_named=run.finish)
    return run.summary, written


class _Run:
    def __init__(self, planner: Planner, journal: JournalWriter, progress: Progress, stop: Stop) -> None:
        self.summary = Summary()
        self.batches: list[tuple[int, int]] = []
        """The number and length of each batch of the journal."""
        self._planner = planner
        self._journal = journal
        self._progress = progress
        self._stop = stop

    def mutations(self, records: Iterable[Record]) -> Iterator[Put]:
        """Yield the writes, each noted in the journal before."""
        batch: list[Change] = []
        size = 0
        for step in self._planner.plan(records):
            if self._stop.asked:
                raise Interrupted("stopped before the output was written", hint="run it again: the input is unchanged")
            self._progress.step(step)
            self.summary.add(step)
            if isinstance(step, Change):
                batch.append(step)
                size += len(step.record.value)
                if len(batch) == _BATCH or size > _BATCH_BYTES:
                    yield from self._noted(batch)
                    batch, size = [], 0
        yield from self._noted(batch)

    def finish(self, written: Written) -> None:
        """
        Bring the journal to its end: the database is on the disk, and about to get its name. A crash between the two
        leaves a journal without its database, which counts for nothing; never a database without its journal.
        """
        first = written.revision - written.puts
        for number, count in self.batches:
            self._journal.done(number, first + 1, range(first + 1, first + count + 1))
            first += count
        self._journal.finish(self.summary)
        self._journal.publish()

    def _noted(self, batch: list[Change]) -> Iterator[Put]:
        if batch:
            self.batches.append((self._journal.begin(batch), len(batch)))
            self._progress.written(len(batch))
            yield from (change.mutation() for change in batch)
