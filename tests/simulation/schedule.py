"""
One schedule: something is begun, disturbed, gone on with or undone any number of times, and brought to its end in calm.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.simulation import invariants, keys
from tests.simulation.decisions import Decisions, Name, shrunk
from tests.simulation.invariants import Broken, demand
from tests.simulation.process import Outcome, Process
from tests.simulation.scenarios import SCENARIOS, Moving, Scenario
from tests.simulation.world import OURS, World

from kstore.errors import WriteRefused
from kstore.migrate.journal import Journal
from kstore.migrate.verify import state_of

KEYS = "keys"
ALL = (*SCENARIOS, KEYS)
"""The names of all scenarios."""
MEMORY = Path("/dev/shm")
"""Where files cost no disk; elsewhere than on Linux it is not there."""


@dataclass
class Failure:
    """A schedule in which a promise was not kept."""

    scenario: str
    seed: int
    error: str
    decisions: dict[Name, int] = field(default_factory=dict)

    def __str__(self) -> str:
        made = "".join(f"\n  {what} {number}: {value}" for (what, number), value in self.decisions.items())
        return f"{self.scenario}, seed {self.seed}: {self.error}{made}"


class Schedule:
    """
    A schedule, and what has become of it.

    Args:
        scenario: what is done.
        decisions: everything else.
        folder: an empty folder for its files.
    """

    def __init__(self, scenario: str, decisions: Decisions, folder: Path) -> None:
        self.decisions = decisions
        self.world = World(decisions, folder)
        self.scenario: Scenario = SCENARIOS[scenario](self.world)
        self.path = folder / "journal"
        self.processes = 0

    def run(self) -> None:
        """
        Run it to its end.

        Raises:
            Broken: a promise was not kept.
        """
        with self.world.disk.under_os():
            self._process("begin", self.scenario.begin)
            for _ in range(self.decisions.pick("processes", 4)):
                if not self.path.exists():
                    self._process("begin", self.scenario.begin)
                    continue
                name = ("resume", "rollback", "verify")[self.decisions.pick("command", 3)]
                self._process(name, getattr(self.scenario, name))
            self._in_calm()

    def _process(self, name: str, work: Callable[[Process, Path], Any]) -> Outcome:
        self.processes += 1
        process = Process(self.world, f"{OURS}: {name}")
        before = invariants.count(self.scenario) if name == "verify" else 0
        outcome = process.run(lambda this: work(this, self.path))
        if name == "verify" and any(event.author == process.author for event in invariants._events(self.scenario)):
            raise Broken(f"a verification writes nothing: {before}")
        invariants.every_write_is_in_the_journal(self.scenario, self.path)
        invariants.no_write_of_others_is_lost(self.scenario)
        return outcome

    def _in_calm(self) -> None:
        self.decisions.calm = True
        for network in self.world.networks:
            network.etcd.alarmed = False
            network.etcd.quota = 0
        if not self.path.exists() and isinstance(self._process("begin", self.scenario.begin).error, WriteRefused):
            return  # others have written where the copies were to go
        notes = state_of(Journal(self.path)).notes
        if not notes.keys() & {"rollingBack", "rolledBack"} and self.decisions.pick("resumed at last", 3):
            report = self._quiet("resume", self.scenario.resume)
            may_come = report.may_come if isinstance(self.scenario, Moving) else 0
            self._settled("what was given up comes no more")
            invariants.it_is_complete(self.scenario, self.path, may_come=may_come)
            self._again("resume", self.scenario.resume)
            invariants.it_is_complete(self.scenario, self.path)
            invariants.it_is_proved(self.scenario, self.path, self._quiet("verify", self.scenario.verify))
        result = self._quiet("rollback", self.scenario.rollback)
        came = self._settled("what was given up comes no more, once it is undone")
        twice = any(network.created_twice for network in self.world.networks)
        demand(not came or result.may_come or twice, "a rollback says that copies may come yet", result)
        if isinstance(self.scenario, Moving) and (came or result.may_come or twice):
            # nothing keeps a creation from coming late, or behind the rollback's last look: the next one undoes it
            result = self._quiet("rollback", self.scenario.rollback)
        invariants.it_is_undone(self.scenario, self.path, result)
        self._again("rollback", self.scenario.rollback)
        invariants.it_is_undone(self.scenario, self.path, None)

    def _quiet(self, name: str, work: Callable[[Process, Path], Any]) -> Any:
        """Something that must go well."""
        outcome = self._process(name, work)
        if outcome.error is not None:
            raise Broken(f"{name} comes to its end: {outcome.error!r}")
        return outcome.value

    def _settled(self, promise: str) -> bool:
        """Let what is on its way come in; whether something was created by it."""
        before = invariants.count(self.scenario)
        self.world.deliver_all()
        came = invariants.changes(self.scenario, before)
        demand(not came or isinstance(self.scenario, Moving), promise, came)
        return bool(came)

    def _again(self, name: str, work: Callable[[Process, Path], Any]) -> None:
        before = invariants.count(self.scenario)
        self._quiet(name, work)
        invariants.nothing_was_written(self.scenario, before, f"a second {name} changes nothing")


def attempt(scenario: str, decisions: Decisions) -> BaseException | None:
    """Run one schedule; what it failed with, or None."""
    folder = Path(tempfile.mkdtemp(prefix="kstore-simulated-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        if scenario == KEYS:
            keys.run(keys.Keys(World(decisions, folder)), folder)
        else:
            Schedule(scenario, decisions, folder).run()
    except Exception as error:
        return error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return None


def run(scenario: str, seed: int, *, shrink: bool = True) -> Failure | None:
    """Run the schedule of a seed; how it failed, with the fewest decisions that make it do so, or None."""
    decisions = Decisions(seed)
    error = attempt(scenario, decisions)
    if error is None:
        return None
    made = decisions.made
    if shrink:

        def fails(given: Mapping[Name, int]) -> bool:
            return type(attempt(scenario, Decisions(given=given))) is type(error)

        if fails(made):
            made = shrunk(made, fails)
            error = attempt(scenario, Decisions(given=made)) or error
    return Failure(scenario, seed, f"{type(error).__name__}: {error}", made)
