"""
One run of kstore in the simulated world: its threads, its clock, its connection, its view of the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.simulation.network import Client, Network
from tests.simulation.scheduling import Crash, Lock, Scheduler, names
from tests.simulation.world import World

from kstore.errors import KstoreError
from kstore.migrate import apply, journal_writer, move_copy
from kstore.source.etcd import connection, paging
from kstore.source.etcd import retry as etcd_retry
from kstore.source.etcd.live import LiveSource
from kstore.source.options import SourceOptions
from kstore.write import batches, progress, retry, room

_SEAMS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (batches, ("threading", "time", "ThreadPoolExecutor", "wait")),
    (room, ("threading", "time")),
    (retry, ("time",)),
    (progress, ("threading",)),
    (apply, ("threading",)),
    (move_copy, ("threading",)),
    (journal_writer, ("threading",)),
    (connection, ("time",)),
    (etcd_retry, ("time",)),
)
"""Where a module gets its threads and its time."""
_OPTIONS = SourceOptions(dial_timeout=1.0, command_timeout=3.0)
_PAGE = 2
"""Keys of a first page: few enough that a scan has several."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    value: Any = None
    error: KstoreError | None = None
    crashed: bool = False


class Process:
    """
    One run of kstore.

    Args:
        world: where it runs.
        author: what its writes are signed with.
    """

    def __init__(self, world: World, author: str) -> None:
        self.author = author
        self.world = world
        self.scheduler = Scheduler(world.decisions, lambda where: world.step(self.scheduler, where))
        self.scheduler.now = world.now

    def source(self, network: Network) -> LiveSource:
        """A connection to an etcd."""
        found = LiveSource(options=_OPTIONS, client=Client(network, self.scheduler, self.author))
        found._connection._lock = Lock(self.scheduler)  # type: ignore[assignment]
        found._streams = False  # which a server before 3.7 has not
        return found

    def run(self, work: Callable[[Process], Any]) -> Outcome:
        """Do some work to its end, to an error of kstore's, or to the end of the process."""
        disk = self.world.disk
        disk.scheduler = self.scheduler
        with _seams(self.scheduler):
            try:
                outcome = Outcome(work(self))
            except KstoreError as error:
                outcome = Outcome(error=error)
                error.__traceback__ = None  # which would keep what the process has open
            except Crash:
                outcome = Outcome(crashed=True)
            self.scheduler.bury()
        self.world.now = self.scheduler.now
        disk.scheduler = None
        disk.end()
        if outcome.crashed and self.world.power_lost:
            disk.lose_power(self.world.decisions)
        self.world.power_lost = False
        return outcome


@contextmanager
def _seams(scheduler: Scheduler) -> Iterator[None]:
    stands_for = names(scheduler)
    real = [(module, name, getattr(module, name)) for module, found in _SEAMS for name in found]
    first = paging._FIRST_LIMIT
    paging._FIRST_LIMIT = _PAGE
    for module, name, _ in real:
        setattr(module, name, stands_for[name])
    try:
        yield
    finally:
        for module, name, found in real:
            setattr(module, name, found)
        paging._FIRST_LIMIT = first
