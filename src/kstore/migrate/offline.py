"""
A migration of a file: the result is a new database, the input stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from kstore.errors import Interrupted
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import Change, Planner
from kstore.migrate.summary import Summary
from kstore.records import Record
from kstore.source.snapshot.source import SnapshotSource
from kstore.write.offline import Written, write_copy
from kstore.write.progress import Progress, Silent, Stop

Step = TypeVar("Step")
Wanted = TypeVar("Wanted")


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
    progress, stop = progress or Silent(), stop or Stop()
    summary = Summary()

    written = write_copy(
        source,
        to_write(planner.plan(records), Change, summary.add, progress, stop),
        output,
        journal,
        replaced_bytes=lambda change: len(change.record.value),
        finish=lambda: journal.finish(summary),
    )
    return summary, written


def to_write(
    steps: Iterable[Step], wanted: type[Wanted], count: Callable[[Step], None], progress: Progress, stop: Stop
) -> Iterator[Wanted]:
    """
    Yield the steps of a plan that are written into a file, all of them counted and told.

    Args:
        steps: the plan.
        wanted: the kind of step that is written.
        count: takes each step into the summary.
        progress: told of each step.
        stop: asks to stop.

    Raises:
        Interrupted: `stop` was asked for.
    """
    for step in steps:
        if stop.asked:
            raise Interrupted("stopped before the output was written", hint="run it again: the input is unchanged")
        progress.step(step)
        count(step)
        if isinstance(step, wanted):
            progress.written(1)
            yield step
