"""
The writers in the simulated world: the schedules of some seeds, those that once failed, and that faults are found.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests import patience
from tests.simulation import __main__ as simulation
from tests.simulation import schedule
from tests.simulation.decisions import Decisions, shrunk
from tests.simulation.process import Process
from tests.simulation.schedule import ALL, attempt, run

from kstore.migrate import settle
from kstore.migrate.journal_writer import JournalWriter
from kstore.records import Mutation, Put
from kstore.write import commit
from kstore.write.compare_and_swap import KeyChange

SEEDS = range(60)
FAILED = json.loads(Path(__file__).with_name("failed.json").read_text())


@pytest.mark.large
@pytest.mark.parametrize("scenario", ALL)
def test_every_promise_is_kept(scenario: str) -> None:
    """Whatever the store, the network, the disk and others do: `make simulate` tries more of it."""
    for seed in SEEDS:
        failure = run(scenario, seed)
        assert failure is None, str(failure)


@pytest.mark.parametrize("found", FAILED, ids=lambda found: found["what"])
def test_what_once_failed(found: dict[str, object]) -> None:
    """Decisions that a promise was broken by, before it was mended."""
    given = {(what, number): value for what, number, value in found["decisions"]}  # type: ignore[attr-defined]
    failure = attempt(str(found["scenario"]), Decisions(given=given))
    assert failure is None, failure


def _found(scenario: str) -> bool:
    return any(attempt(scenario, Decisions(seed)) is not None for seed in range(1000))


def _without_lease(change: KeyChange, mutation: Callable[[KeyChange], Mutation] = KeyChange.mutation) -> Mutation:
    made = mutation(change)
    return replace(made, lease=0) if isinstance(made, Put) else made


FAULTS: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "the journal is not synced": (
        "migrate", lambda patch: patch.setattr(JournalWriter, "_sync", lambda self, end: None),
    ),
    "a transaction of unknown end is taken for happened": (
        "encrypt", lambda patch: patch.setattr(commit.Writer, "_happened", lambda self, mutations: 1),
    ),
    "what was given up may come later": (
        "migrate", lambda patch: patch.setattr(settle, "_end", lambda batch, source, retry: None),
    ),
    "a write loses the key's lease": ("keys", lambda patch: patch.setattr(KeyChange, "mutation", _without_lease)),
}  # fmt: skip


@pytest.mark.large
@pytest.mark.parametrize("what", FAULTS)
def test_it_finds_faults(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that is put into the writers breaks a promise in some schedule."""
    scenario, put = FAULTS[what]
    put(monkeypatch)
    assert _found(scenario)


def test_a_seed_is_a_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed decides the same, and so do the decisions that it made."""
    for seed in range(20):
        first, second = Decisions(seed), Decisions(seed)
        assert attempt("migrate", first) is attempt("migrate", second) is None
        assert first.made == second.made
        again = Decisions(given=first.made)
        attempt("migrate", again)
        assert again.made == first.made


@pytest.mark.large
@pytest.mark.parametrize("scenario", ALL)
def test_a_schedule_leaves_nothing_behind(scenario: str) -> None:
    """A million run in one process: neither threads nor what is known of former schedules may gather."""
    for seed in range(20):
        run(scenario, seed)
    threads = threading.active_count()
    for seed in range(20, 60):
        run(scenario, seed)
    gc.collect()
    assert threading.active_count() <= threads + 1  # one more may have been needed at once
    assert sum(type(found) is Process for found in gc.get_objects()) < 10


RECORDED = """
import sys
from pathlib import Path
from tests.simulation import __main__ as tool
tool.RESULT = Path(sys.argv.pop(1))
tool._TOGETHER, tool._TELLS = 20, 0
tool.figures.record = lambda name, text: print(text, flush=True)
sys.exit(tool.main())
"""


@pytest.mark.large
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.skipif(sys.platform == "win32", reason="which has no groups of processes that are sent a signal")
def test_a_run_that_is_ended_is_recorded(number: signal.Signals, jobs: str, tmp_path: Path) -> None:
    """With what it has run; make and a shell send the signal to the whole group, and more than once."""
    result = tmp_path / "result.json"
    options = [result, "--schedules", "10000", "--jobs", jobs, "--record"]
    running = subprocess.Popen([sys.executable, "-c", RECORDED, *options], cwd=Path(__file__).parents[2],
                               stdout=subprocess.PIPE, text=True, start_new_session=True)  # fmt: skip
    assert running.stdout is not None
    while "so far" not in (line := running.stdout.readline()):
        assert line, "it has ended by itself"
    for _ in range(4):
        with suppress(ProcessLookupError):  # it has ended already
            os.killpg(running.pid, number)
        time.sleep(0.02)
    told, _ = running.communicate(timeout=patience.SECONDS)
    assert running.returncode in (0, -number)  # which the last one ends when all is done
    (came,) = json.loads(result.read_text())
    assert f"\nended from outside\n{came['schedules']} schedules, 0 failures, " in f"\n{told}"
    assert 20 <= came["schedules"] < 10_000
    assert f"| from 0 | {came['schedules']} | 0 |" in told


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, 1), (3600.0, 4)])
def test_a_run_that_has_a_time(
    seconds: float, expected: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When it is over no more schedules are begun, and it is said how many were run."""
    monkeypatch.setattr(simulation, "_Asked", lambda: SimpleNamespace(to_end=False))
    blocks = [("keys", seed, 1, False) for seed in range(4)]
    done, _, failures = simulation._run(blocks, 1, 5, seconds)
    assert (done, failures) == (expected, 0)
    assert f"\n{expected} schedules, 0 failures, " in capsys.readouterr().out


def test_a_failure_shrinks() -> None:
    """What does not matter is left out; what is left is as small as it can be."""
    made = {(f"what {number}", 0): number for number in range(1, 40)}

    def fails(given: dict[tuple[str, int], int]) -> bool:
        return given.get(("what 7", 0), 0) >= 3 and ("what 31", 0) in given

    assert shrunk(made, fails) == {("what 7", 0): 3, ("what 31", 0): 1}


def test_a_failure_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the seed, the promise, and the decisions that it takes."""
    monkeypatch.setattr(JournalWriter, "_sync", lambda self, end: None)
    failure = next(found for seed in range(400) if (found := schedule.run("migrate", seed)) is not None)
    assert str(failure).startswith(f"migrate, seed {failure.seed}: Broken: what a write replaces is in the journal")
    assert any(what.startswith("the process ends at: ") for what, _ in failure.decisions)
    assert len(failure.decisions) < 6
