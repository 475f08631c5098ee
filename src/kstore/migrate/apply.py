"""
The plan carried out on a running store: journal, compare-and-swap, and what to do when that does not go through.

A conflict splits a batch until the one object that somebody else changed is alone; only that one is read and planned
again. When it is unknown whether a transaction happened (the connection broke, the leader changed), the store is asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from kstore.errors import Conflict, Interrupted, NoSpace, RequestTooLarge, SourceError, WorkerLost
from kstore.migrate.journal import JournalWriter, digest
from kstore.migrate.patience import REFUSALS, patiently
from kstore.migrate.plan import Change, Planner, Skipped, Step
from kstore.migrate.progress import Progress, Silent, Stop
from kstore.migrate.summary import Summary
from kstore.records import Record
from kstore.source.interface import Committed, WritableSource

T = TypeVar("T")

_ATTEMPTS = 8
"""How often one contended object is planned anew before it is left alone."""
_OVERHEAD = 96
"""Bytes that a compare and a put need beside key and value, generously."""
_LOOK_EVERY = 5.0
"""Seconds between two looks at the server's quota and alarms."""
_FULL = 0.95
"""The part of the quota beyond which no more is written: an apiserver needs room too."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard the store is pressed."""

    batch: int = 0
    """Objects a transaction; 0 for as many as the server takes."""
    concurrency: int = 4
    """Transactions on the way at once."""
    rate: float = 0
    """Objects a second at most; 0 for no limit."""
    patience: float = 120
    """Seconds to wait for a store that does not answer."""


class Applier:
    """
    Carries out a plan.

    Args:
        source: the running store.
        planner: decides about each record, and again about one that was changed meanwhile.
        journal: where every batch is written down first.
    """

    def __init__(
        self,
        source: WritableSource,
        planner: Planner,
        journal: JournalWriter,
        *,
        pace: Pace | None = None,
        progress: Progress | None = None,
        stop: Stop | None = None,
    ) -> None:
        self.summary = Summary()
        self._source = source
        self._planner = planner
        self._journal = journal
        self._pace = pace or Pace()
        self._progress = progress or Silent()
        self._stop = stop or Stop()
        self._lock = threading.Lock()
        self._failure: BaseException | None = None
        self._looked = 0.0

    def run(self, records: Iterable[Record]) -> Summary:
        """
        Plan and write everything.

        Raises:
            NoSpace: the server is full, or nearly so.
            AccessDenied: the user may not write.
            StoreUnreachable: the store stayed away for longer than `Pace.patience`.
            JournalError: the journal cannot be written; then nothing more is.
            Interrupted: `stop` was asked for. The journal can be resumed after all of these.
        """
        self._look_at_room()
        workers = max(1, self._pace.concurrency)
        with ThreadPoolExecutor(workers, thread_name_prefix="kstore-write") as pool:
            waiting: set[Future[None]] = set()
            try:
                for batch in self._batches(records):
                    waiting.add(pool.submit(self._attempt, batch))
                    if len(waiting) > workers:
                        _, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    if self._ended:
                        break
            except WorkerLost:  # the signal that asks to stop may have ended it, too
                if not self._stop.asked:
                    raise
        if self._failure is not None:
            raise self._failure
        if self._stop.asked:
            raise Interrupted(
                "stopped between two transactions",
                where=str(self._journal.path),
                hint=f"`kstore migrate resume {self._journal.path}` goes on",
            )
        return self.summary

    @property
    def _ended(self) -> bool:
        return self._stop.asked or self._failure is not None

    # ---- planning

    def _batches(self, records: Iterable[Record]) -> Iterable[list[Change]]:
        """Changes, as many together as one transaction takes; everything else is counted on the way."""
        batch: list[Change] = []
        size = 0
        began, planned = time.monotonic(), 0
        for step in self._planner.plan(records):
            if self._ended:
                return
            self._progress.step(step)
            if not isinstance(step, Change):
                self._count(step)
                continue
            limits = self._source.limits()
            length = _size(step)
            if length > limits.request_bytes:
                self._count(_too_large(step, limits.request_bytes))
                continue
            most = min(self._pace.batch or limits.operations, limits.operations)
            if batch and (len(batch) >= most or size + length > limits.request_bytes):
                yield batch
                batch, size = [], 0
                self._look_at_room()
            batch.append(step)
            size += length
            planned += 1
            self._keep_pace(began, planned)
        if batch:
            yield batch

    def _keep_pace(self, began: float, planned: int) -> None:
        if self._pace.rate > 0:
            early = planned / self._pace.rate - (time.monotonic() - began)
            if early > 0:
                self._stop.wait(early)

    def _look_at_room(self) -> None:
        """
        See that the server has room, now and then.

        Raises:
            NoSpace: it raised its alarm, or is nearly full.
        """
        if time.monotonic() - self._looked < _LOOK_EVERY and self._looked:
            return
        status = self._patiently(self._source.status)
        self._looked = time.monotonic()
        hint = "compact and defragment it, or raise --quota-backend-bytes; then disarm the alarm and resume"
        if any("NOSPACE" in alarm for alarm in status.alarms):
            raise NoSpace("the server has raised its NOSPACE alarm", where=status.location, hint=hint)
        if status.quota and status.size_in_use > status.quota * _FULL:
            raise NoSpace(
                f"{status.size_in_use >> 20} of {status.quota >> 20} MiB of the server's quota are in use",
                where=status.location,
                hint=hint,
            )

    def _count(self, step: Step) -> None:
        with self._lock:
            self.summary.add(step)

    # ---- writing

    def _attempt(self, changes: list[Change]) -> None:
        """Write a batch; a failure ends the whole run, at the next look."""
        try:
            self._write(changes)
        except BaseException as error:
            with self._lock:
                self._failure = self._failure or error

    def _write(self, changes: Sequence[Change]) -> None:
        if self._ended:
            return
        number = self._journal.begin(changes)
        try:
            committed = self._source.commit([change.put() for change in changes])
        except Conflict:  # the lease is gone
            committed = Committed(False, 0)
        except RequestTooLarge as error:
            self._journal.undone(number, error.code)
            if len(changes) == 1:
                self._count(Skipped(changes[0].record, error, changes[0].stored))
            else:
                self._halves(changes)
            return
        except REFUSALS as error:
            self._journal.undone(number, error.code)
            raise
        except SourceError:
            committed = Committed(False, 0)
            revision = self._settle(changes)
            if revision:
                committed = Committed(True, revision)
        if committed.succeeded:
            self._written(number, changes, committed.revision)
            return
        self._journal.undone(number, Conflict.code)
        if len(changes) > 1:
            self._halves(changes)
        else:
            self._again(changes[0])

    def _halves(self, changes: Sequence[Change]) -> None:
        middle = len(changes) // 2
        self._write(changes[:middle])
        self._write(changes[middle:])

    def _written(self, number: int, changes: Sequence[Change], revision: int) -> None:
        self._journal.done(number, revision)
        with self._lock:
            for change in changes:
                self.summary.add(change)
            self._progress.written(len(changes))

    def _settle(self, changes: Sequence[Change]) -> int:
        """Ask the store whether a transaction of unknown end happened: its revision, or 0."""
        for change in changes:
            record = self._read(change.record.key)
            if record is None:
                continue
            if record.mod_revision == change.record.mod_revision:
                return 0
            if _is_ours(record, change):
                return record.mod_revision
        return 0

    def _again(self, change: Change) -> None:
        """One object that somebody else has changed: read and plan it anew, never overwrite it."""
        with self._lock:
            self.summary.conflicts += 1
        for attempt in range(_ATTEMPTS):
            record = self._read(change.record.key)
            if record is None:  # it is gone, and with it the need
                return
            if _is_ours(record, change):  # a transaction that was given up came through after all
                self._written(self._journal.begin([change]), [change], record.mod_revision)
                return
            steps = list(self._planner.plan([record]))
            if not steps or not isinstance(steps[0], Change):
                for step in steps:
                    self._count(step)
                return
            change = steps[0]
            number = self._journal.begin([change])
            try:
                committed = self._source.commit([change.put()])
            except Conflict:
                committed = Committed(False, 0)
            except REFUSALS as error:
                self._journal.undone(number, error.code)
                raise
            except SourceError:
                revision = self._settle([change])
                committed = Committed(bool(revision), revision)
            if committed.succeeded:
                self._written(number, [change], committed.revision)
                return
            self._journal.undone(number, Conflict.code)
            if self._stop.wait(0.01 * 2**attempt):
                return
        fault = Conflict(f"changed by others {_ATTEMPTS} times while it was to be written", hint="migrate again later")
        self._count(Skipped(change.record, fault, change.stored))

    def _read(self, key: bytes) -> Record | None:
        return self._patiently(lambda: self._source.get(key))

    def _patiently(self, ask: Callable[[], T]) -> T:
        return patiently(ask, self._pace.patience, self._progress, self._stop)


def _size(change: Change) -> int:
    return 2 * len(change.record.key) + len(change.value) + _OVERHEAD


def _too_large(change: Change, limit: int) -> Skipped:
    return Skipped(
        change.record,
        RequestTooLarge(
            f"would be {len(change.value)} bytes, and the server takes {limit} a request",
            request_bytes=limit,
            hint="raise etcd's --max-request-bytes",
        ),
        change.stored,
    )


def _is_ours(record: Record, change: Change) -> bool:
    """Whether what lies there now is what the change was to write."""
    return record.mod_revision > change.record.mod_revision and digest(record.value) == digest(change.value)
