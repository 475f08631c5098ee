"""
Single keys put back, changed and deleted, as `restore`, `edit` and `delete` do it: no journal, but an answer for each.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from tests.simulation.etcd import Event
from tests.simulation.invariants import Broken, demand
from tests.simulation.process import Process
from tests.simulation.scenarios import Migrating
from tests.simulation.world import OURS, World, is_ours

from kstore.records import Record
from kstore.repair.restore import plan_restore
from kstore.write.batches import write_all
from kstore.write.commit import Left, Writer, Written
from kstore.write.compare_and_swap import KeyChange

Told = list[Written[KeyChange] | Left[KeyChange]]


class Keys(Migrating):
    """Some keys are put back from a backup, the others deleted; then what was written is taken back by its inverse."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        chosen = world.decisions.pick("deleted", 1 << len(self.keys))
        self.deleted = [key for at, key in enumerate(self.keys) if chosen >> at & 1]
        self.backup = [Record(key, self.made(key), 1, 1, 1, 7) for key in self.keys if key not in self.deleted]
        self.changes: dict[bytes, KeyChange] = {}
        self.creations: list[KeyChange] = []
        """Of processes before: nothing keeps one from coming late, as long as the key is not there."""

    def put_back(self, process: Process) -> Told:
        """What became of each key."""
        source = process.source(self.network)
        plans = plan_restore(source, self.backup, source.leases())
        changes = [plan.change for plan in plans if not plan.same]
        found = [self.retry().ask(lambda key=key: source.get(key)) for key in self.deleted]  # type: ignore[misc]
        changes += [KeyChange(record.key, record, None) for record in found if record is not None]
        return self.write(process, source, changes)

    def write(self, process: Process, source: Any, changes: list[KeyChange]) -> Told:
        """Write changes; what became of each."""
        self.creations += (change for change in self.changes.values() if change.before is None)
        self.changes = {change.key: change for change in changes}
        told: Told = []
        write_all(Writer[KeyChange](source, retry=self.retry()), changes, told.append, pace=self.pace)
        return told

    def take_back(self, process: Process, told: Told) -> Told:
        """Undo what was written."""
        source = process.source(self.network)
        changes = []
        for ending in told:
            if isinstance(ending, Written):
                now = self.retry().ask(lambda key=ending.change.key: source.get(key))  # type: ignore[misc]
                as_left = now is None if ending.change.value is None else now and now.mod_revision == ending.revision
                if as_left:
                    changes.append(_undoing(ending.change, now))
        return self.write(process, source, changes)


def _undoing(change: KeyChange, now: Record | None) -> KeyChange:
    """The change that brings back what was before another one, which has left `now`."""
    before = change.before
    return KeyChange(change.key, now, before.value if before else None, before.lease if before else 0)


def run(scenario: Keys, folder: Path) -> None:
    """
    One schedule.

    Raises:
        Broken: a promise was not kept.
    """
    world = scenario.world
    with world.disk.under_os():
        for _ in range(1 + world.decisions.pick("times", 3)):
            told = _checked(scenario, lambda process: scenario.put_back(process))
            if told is not None and world.decisions.pick("taken back", 2):
                _checked(scenario, partial(scenario.take_back, told=told), takes_back=True)
        world.deliver_all()  # nothing keeps a creation from coming late
        world.decisions.calm = True
        scenario.etcd.alarmed, scenario.etcd.quota = False, 0
        told = _checked(scenario, lambda process: scenario.put_back(process))
        if told is None or any(isinstance(ending, Left) for ending in told):
            raise Broken(f"what nobody disturbs comes to its end: {told}")
        _all_as_wanted(scenario)


def _checked(scenario: Keys, work: Any, *, takes_back: bool = False) -> Told | None:
    before = len(scenario.etcd.events)
    outcome = Process(scenario.world, f"{OURS}: keys").run(work)
    told: Told | None = outcome.value
    events = [event for event in scenario.etcd.events[before:] if is_ours(event)]
    for event in events:
        if _came_late(scenario, event):
            continue
        change = scenario.changes.get(event.key)
        if change is not None:  # else it came late, from a process before
            _check(event, change)
        if takes_back:
            _check_taken_back(scenario, event)
    for ending in told or ():
        _check_ending(scenario, ending, events)
    return told


def _came_late(scenario: Keys, event: Event) -> bool:
    """Whether a key was created by a process before, and not as this one's change has it."""
    if event.before is not None or event.after is None:
        return False
    change = scenario.changes.get(event.key)
    values = [one.value for one in scenario.creations if one.key == event.key]
    return event.after.value in values and not (change and _is_of(event, change))


def _check(event: Event, change: KeyChange) -> None:
    """A write replaces what was read, and is what was to be written."""
    replaced = event.before.mod_revision if event.before else 0
    read = change.before.mod_revision if change.before else 0
    if replaced != read:
        return  # a transaction of a process before, whose keys have their revisions still
    after = event.after and (event.after.value, event.after.lease)
    demand(after in (None, (change.value, change.lease)), "what is written is what was to be written", event, change)


def _check_taken_back(scenario: Keys, event: Event) -> None:
    """What is taken back is as it was before the write, value and lease."""
    earlier = [one for one in scenario.etcd.events if one.key == event.key and one.revision < event.revision]
    was = earlier[-1].before if earlier and is_ours(earlier[-1]) else event.after
    before, after = (one and (one.value, one.lease) for one in (was, event.after))
    demand(before == after, "what is taken back is as it was", event, was)


def _check_ending(scenario: Keys, ending: Written[KeyChange] | Left[KeyChange], events: list[Event]) -> None:
    change = ending.change
    mine = [event for event in events if event.key == change.key and _is_of(event, change)]
    if isinstance(ending, Written):
        told = [event for event in mine if ending.revision in (0, event.revision)]
        gone = change.value is None and not ending.revision and _was_deleted(scenario, change)
        kept = bool(told) or gone or change.key in scenario.ambiguous
        demand(kept, "what is called written was written", ending, events)
    elif change.value is not None or ending.found is not None:
        demand(not mine or _others_came_after(scenario, mine[-1]), "what is called left was not written", ending, mine)


def _was_deleted(scenario: Keys, change: KeyChange) -> bool:
    """Whether anybody has deleted the key: who, nobody can tell of a deletion whose end nobody saw."""
    read = change.before.mod_revision if change.before else 0
    return any(event.key == change.key and event.revision > read and event.after is None
               for event in scenario.etcd.events)  # fmt: skip


def _others_came_after(scenario: Keys, mine: Event) -> bool:
    """Whether others, or a process before, have written the key since: then nobody can tell that kstore had."""
    later = (one for one in scenario.etcd.events if one.key == mine.key and one.revision > mine.revision)
    return any(not is_ours(event) or _came_late(scenario, event) for event in later)


def _is_of(event: Event, change: KeyChange) -> bool:
    read = change.before.mod_revision if change.before else 0
    value = event.after.value if event.after else None
    return (event.before.mod_revision if event.before else 0) == read and value == change.value


def _all_as_wanted(scenario: Keys) -> None:
    for record in scenario.backup:
        found = scenario.etcd.live.get(record.key)
        demand(found is not None and found.value == record.value, "what is put back is as in the backup", record, found)
    for key in scenario.deleted:
        demand(key not in scenario.etcd.live, "what is deleted is gone", key)
