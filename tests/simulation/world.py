"""
What is around the processes of a schedule: the stores, the disk, other clients, and what may end a process.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.simulation.decisions import Decisions
from tests.simulation.disk import Disk
from tests.simulation.etcd import Etcd, Event, KeyValue, Refused
from tests.simulation.network import Network
from tests.simulation.scheduling import Scheduler

OURS = "kstore"
"""What the name of an author begins with whose writes are kstore's."""
THEIRS = "another client"
LEASES = (0, 0, 7, 8)
RISKS = {"write": 5, "answer": 10, "disk write": 4, "disk sync": 5, "waiting": 10, "lock": 0.5}
"""How many times as much happens where something is written: most of what a process does is reading."""


class World:
    """
    The world of one schedule.

    Args:
        decisions: what happens in it.
        folder: where its files are.
    """

    def __init__(self, decisions: Decisions, folder: Path) -> None:
        self.decisions = decisions
        self.disk = Disk(folder)
        self.now = 1000.0
        self.power_lost = False
        operations = (128, 2, 1, 3)[decisions.pick("operations", 4)]
        quota = (2 << 30, 0, 2_200_000)[decisions.pick("quota", 3)]
        self.networks = [Network(Etcd(operations=operations, quota=quota))]
        self.foreign: Callable[[int, int], None] = lambda kind, which: None
        """What another client does, of so many kinds, to so many keys."""
        self.kinds = 1
        self.keys = 1

    def step(self, scheduler: Scheduler, where: str) -> None:
        """What may happen while a task pauses."""
        decisions = self.decisions
        for network in self.networks:
            if network.on_the_way:
                arrived = decisions.pick("arrival", len(network.on_the_way) + 1, 0.05, ever=True)
                if arrived:
                    network.deliver(arrived - 1)
        if decisions.calm:
            return
        risk = RISKS.get(where, 1)
        if end := decisions.pick(f"the process ends at: {where}", 3, 0.006 * risk):
            self.power_lost = end == 2
            scheduler.crash()
        elif kind := decisions.pick(f"another client at: {where}", self.kinds + 1, 0.015 * risk):
            with suppress(Refused):  # its lease is gone, or the revision is compacted already
                self.foreign(kind - 1, decisions.pick("its key", self.keys))

    def deliver_all(self) -> None:
        """Let everything come in that is still on its way."""
        for network in self.networks:
            while network.on_the_way:
                network.deliver(self.decisions.pick("arrival at last", len(network.on_the_way)))


# ---- its history


def is_ours(event: Event) -> bool:
    """Whether kstore has written it."""
    return event.author.startswith(OURS)


def touches(event: Event) -> bool:
    """Whether a key was written again as it was."""
    before, after = event.before, event.after
    return before is not None and after is not None and (before.value, before.lease) == (after.value, after.lease)


def last_of_others(etcd: Etcd, key: bytes) -> KeyValue | None:
    """What was stored under a key by the last who is not kstore."""
    return next((event.after for event in reversed(etcd.events) if event.key == key and not is_ours(event)), None)
