"""
Run schedules: `python -m tests.simulation --schedules 100000 [--record]`.

Schedule N of a scenario is that of seed N: `--first 4711 --schedules 1 --scenario move` runs one again; `--first today`
begins where no other day's run does. A schedule that fails is printed with the fewest decisions that make it fail, and
the exit code is 1. `--record` keeps what a run without a failure came to in result.json, and in docs/guarantees.md;
one that is ended by SIGTERM or Ctrl-C is kept with the schedules that it has run.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import grpc
from tests.simulation.schedule import ALL, Failure, run

from kstore import __version__
from tools import figures

RESULT = Path(__file__).parent / "result.json"
_TOGETHER = 100
"""Schedules that a process is given at once."""
_A_DAY = 1_000_000
"""Seeds of each scenario that are a day's own."""
_TELLS = 60.0
"""Seconds after which a run says how far it is."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Block = tuple[str, int, int, bool]
Came = tuple[int, list[Failure], float]


def block(given: Block) -> Came:
    """Run the schedules of some seeds; how many, those that failed, and the seconds of the processor."""
    scenario, first, count, shrink = given
    began = time.process_time()
    found = (run(scenario, seed, shrink=shrink) for seed in range(first, first + count))
    failures = [failure for failure in found if failure is not None]
    return count, failures, time.process_time() - began


def seed_of(text: str) -> int:
    """The first seed: a number, or `today` for one that no other day's run begins with."""
    return date.today().toordinal() * _A_DAY if text == "today" else int(text)


def main() -> int:
    """Run the tool."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=3000, metavar="N", help="of all scenarios together")
    parser.add_argument("--first", type=seed_of, default=0, metavar="SEED", help="a number, or today")
    parser.add_argument("--scenario", action="append", choices=sorted(ALL))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=math.inf, metavar="S", help="after which no more are begun")
    parser.add_argument("--enough", type=int, default=5, metavar="N", help="failures after which a run ends")
    parser.add_argument("--unshrunk", action="store_true", help="print a failure with all its decisions")
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    scenarios = given.scenario or sorted(ALL)
    each = -(-given.schedules // len(scenarios))
    blocks = [(scenario, seed, min(_TOGETHER, given.first + each - seed), not given.unshrunk)
              for seed in range(given.first, given.first + each, _TOGETHER) for scenario in scenarios]  # fmt: skip
    print(f"seeds from {given.first} on, of {', '.join(scenarios)}", flush=True)
    done, seconds, failures = _run(blocks, given.jobs, given.enough, given.seconds)
    if given.record and done and not failures:
        _record(_result(scenarios, given.first, done, seconds))
    return 1 if failures else 0


def _run(blocks: Sequence[Block], jobs: int, enough: int, most: float) -> tuple[int, float, int]:
    """How many schedules were run in `most` seconds, those of a processor that they took, and how many failed."""
    asked = _Asked()
    began, done, seconds, failures, told = time.monotonic(), 0, 0.0, 0, 0.0
    for count, found, used in _in_turn(blocks, jobs):
        done, seconds, failures = done + count, seconds + used, failures + len(found)
        for failure in found:
            print(failure, flush=True)
        if time.monotonic() - told > _TELLS:
            told = time.monotonic()
            print(f"{done} schedules so far, {failures} failures, {told - began:.0f} s", flush=True)
        if failures >= enough:
            break
        if asked.to_end:
            print("ended from outside")
            break
        if time.monotonic() - began >= most:
            print(f"ended after {most:.0f} s")
            break
    took = f"{time.monotonic() - began:.0f} s, {1000 * seconds / max(done, 1):.1f} ms of a processor each"
    print(f"{done} schedules, {failures} failures, {took}")
    return done, seconds, failures


class _Asked:
    """
    Whether a run was asked to end, any number of times: by Ctrl-C or SIGTERM, which make and a shell's job send to the
    whole group. It is looked at between two blocks: an exception would come anywhere, also where a run is recorded.
    """

    def __init__(self) -> None:
        self.to_end = False
        for number in _SIGNALS:
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.to_end = True


def _deaf() -> None:
    """Let a worker come to the end of its block, and of the run."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _in_turn(blocks: Sequence[Block], jobs: int) -> Iterator[Came]:
    if jobs == 1:
        yield from map(block, blocks)
        return
    with ProcessPoolExecutor(jobs, initializer=_deaf) as pool:
        try:
            yield from pool.map(block, blocks)
        finally:
            pool.shutdown(cancel_futures=True)


# ---- what a run came to


def _result(scenarios: list[str], first: int, done: int, seconds: float) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(), "kstore": __version__, "python": platform.python_version(),
        "grpc": grpc.__version__, "scenarios": scenarios, "first": first, "schedules": done, "failures": 0,
        "processorSeconds": round(seconds),
    }  # fmt: skip


def _record(result: dict[str, Any]) -> None:
    """Keep a run beside the others of this version, in place of one from the same seed on."""
    kept = json.loads(RESULT.read_text()) if RESULT.exists() else []
    runs = [one for one in kept if one["kstore"] == __version__ and one["first"] != result["first"]] + [result]
    RESULT.write_text(json.dumps(runs, indent=2) + "\n")
    figures.record("simulated", table(runs))


def table(runs: Sequence[dict[str, Any]]) -> str:
    """The part of docs/guarantees.md."""
    rows = [
        "| date | version | seeds of each scenario | schedules | failures | a schedule |",
        "|---|---|---|---|---|---|",
    ]
    for came in runs:
        version = f"kstore {came['kstore']}, Python {came['python']}, gRPC {came['grpc']}"
        each = f"{1000 * came['processorSeconds'] / came['schedules']:.0f} ms"
        row = (came["date"], version, f"from {came['first']}", f"{came['schedules']:,}", came["failures"], each)
        rows.append(f"| {' | '.join(map(str, row))} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
