"""
Run schedules: `python -m tests.simulation --schedules 100000 [--record]`.

Schedule N of a scenario is that of seed N: `--first 4711 --schedules 1 --scenario move` runs one again. A schedule
that fails is printed with the fewest decisions that make it fail, and the exit code is 1; `--record` keeps what a run
came to in result.json, and in docs/guarantees.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from tests.simulation.schedule import ALL, Failure, run

from kstore import __version__

RESULT = Path(__file__).parent / "result.json"
_TOGETHER = 100
"""Schedules that a process is given at once."""


def block(given: tuple[str, int, int, bool]) -> tuple[int, list[Failure], float]:
    """Run the schedules of some seeds; how many, those that failed, and the seconds of the processor."""
    scenario, first, count, shrink = given
    began = time.process_time()
    found = (run(scenario, seed, shrink=shrink) for seed in range(first, first + count))
    failures = [failure for failure in found if failure is not None]
    return count, failures, time.process_time() - began


def main() -> int:
    """Run the tool."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=3000, metavar="N", help="of all scenarios together")
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--scenario", action="append", choices=sorted(ALL))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--enough", type=int, default=5, metavar="N", help="failures after which a run ends")
    parser.add_argument("--unshrunk", action="store_true", help="print a failure with all its decisions")
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    scenarios = given.scenario or sorted(ALL)
    each = -(-given.schedules // len(scenarios))
    blocks = [(scenario, seed, min(_TOGETHER, given.first + each - seed), not given.unshrunk)
              for seed in range(given.first, given.first + each, _TOGETHER) for scenario in scenarios]  # fmt: skip
    began, done, seconds, failures = time.monotonic(), 0, 0.0, 0
    with ProcessPoolExecutor(given.jobs) as pool:
        for count, found, used in pool.map(block, blocks):
            done, seconds, failures = done + count, seconds + used, failures + len(found)
            for failure in found:
                print(failure, flush=True)
            if failures >= given.enough:
                pool.shutdown(cancel_futures=True)
                break
    took = f"{time.monotonic() - began:.0f} s, {1000 * seconds / done:.1f} ms of a processor each"
    print(f"{done} schedules, {failures} failures, {took}")
    if given.record and not failures:
        RESULT.write_text(json.dumps(_result(scenarios, given.first, done, seconds), indent=2) + "\n")
    return 1 if failures else 0


def _result(scenarios: list[str], first: int, done: int, seconds: float) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(), "kstore": __version__, "python": platform.python_version(),
        "grpc": grpc.__version__, "scenarios": scenarios, "first": first, "schedules": done, "failures": 0,
        "processorSeconds": round(seconds),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
