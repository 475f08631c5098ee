"""
Many changes on their way at once: gathered into batches as the server takes them, at the pace that was asked for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from kstore.errors import Interrupted, NoSpace, WorkerLost
from kstore.records import Put
from kstore.write.commit import Left, Writer, Written
from kstore.write.compare_and_swap import Change, request_size
from kstore.write.room import Room

C = TypeVar("C", bound=Change)


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard the store is pressed."""

    batch: int = 0
    """Objects a transaction; 0 for as many as the server takes."""
    concurrency: int = 4
    """Transactions on the way at once."""
    rate: float = 0
    """Objects a second at most; 0 for no limit."""


_MADE_UP_FOR = 1.0
"""Seconds of a stall in which the objects of a limited rate may still be written afterwards."""

ONE_BY_ONE = Pace(concurrency=1)
"""One transaction after the other, so that what is said of them comes in order."""


def write_all(
    writer: Writer[C],
    changes: Iterable[C | None],
    ended: Callable[[Written[C] | Left[C]], None],
    *,
    pace: Pace = ONE_BY_ONE,
) -> None:
    """
    Write changes, the next ones being made while others are on their way, and leave room in the store.

    Args:
        writer: brings each batch into the store.
        changes: at most one for each key, made in the calling thread; None stands for what was looked at and is not to
            be written, so that a long way to the next change can be left.
        ended: is told what became of each change; called by the writing threads, several at once.
        pace: how many at once.

    Raises:
        Interrupted: somebody asked to stop.
        KstoreError: what `Writer.write`, `Room.take`, `ended` or the making of the changes raised first. Transactions
            that were on their way then have been waited for.
    """
    _Run(writer, ended, pace).go(changes)


class _Run(Generic[C]):
    def __init__(self, writer: Writer[C], ended: Callable[[Written[C] | Left[C]], None], pace: Pace) -> None:
        self._writer = writer
        self._tell = ended
        self._pace = pace
        self._stop = writer.retry.stop
        self._room = Room(writer.source, writer.retry)
        self._lock = threading.Lock()
        self._waiting: set[Future[None]] = set()
        self._failure: BaseException | None = None

    def go(self, changes: Iterable[C | None]) -> None:
        workers = max(1, self._pace.concurrency)
        with ThreadPoolExecutor(workers, thread_name_prefix="kstore-write") as pool:
            try:
                for batch in self._batches(changes):
                    self._waiting.add(pool.submit(self._write, batch))
                    if len(self._waiting) > workers:  # one waits, so that no worker does
                        _, self._waiting = wait(self._waiting, return_when=FIRST_COMPLETED)
                    if self._ended:
                        break
            except WorkerLost:  # the signal that asks to stop may have ended it, too
                if not self._stop.asked:
                    raise
        if self._failure is not None:
            raise self._failure
        if self._stop.asked:
            raise Interrupted("stopped between two transactions")

    @property
    def _ended(self) -> bool:
        return self._stop.asked or self._failure is not None

    def _batches(self, changes: Iterable[C | None]) -> Iterator[list[C]]:
        """Changes, as many together as one transaction takes."""
        batch: list[C] = []
        size = 0
        due = time.monotonic()
        for change in changes:
            if self._ended:
                return
            if change is None:
                continue
            mutation = change.mutation()
            limits = self._writer.source.limits()
            own = request_size(mutation)
            most = 1 if limits.single_key else min(self._pace.batch or limits.operations, limits.operations)
            if batch and (len(batch) >= most or size + own > limits.request_bytes):
                yield batch
                batch, size = [], 0
            if isinstance(mutation, Put):
                try:
                    self._room.take(own)
                except NoSpace:  # perhaps only as long as others are on their way, for which there was room
                    if batch:
                        yield batch
                        batch, size = [], 0
                    wait(self._waiting)
                    self._room.take(own)
            batch.append(change)
            size += own
            due = self._keep_pace(due)
        if batch and not self._ended:
            yield batch

    def _keep_pace(self, due: float) -> float:
        """
        Wait until an object's time has come; when the next one's will. What a stall has cost beyond a moment is not
        made up for: a store that has just come back would get it all at once.
        """
        if self._pace.rate <= 0:
            return due
        due = max(due, time.monotonic() - _MADE_UP_FOR) + 1 / self._pace.rate
        if (early := due - time.monotonic()) > 0:
            self._stop.wait(early)
        return due

    def _write(self, changes: list[C]) -> None:
        """Write a batch; a failure ends the whole run, at the next look."""
        if self._ended:
            return
        try:
            for ending in self._writer.write(changes):
                self._tell(ending)
        except BaseException as error:
            with self._lock:
                self._failure = self._failure or error
        finally:
            puts = (mutation for change in changes if isinstance(mutation := change.mutation(), Put))
            self._room.written(sum(map(request_size, puts)))
