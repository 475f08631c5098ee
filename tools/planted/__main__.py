"""
Plant each fault, and see that its tests find it: `python -m tools.planted [--write] [WORDS ...]`.

With words, only the faults whose description or file has one of them; with `--write`, the table of docs/guarantees.md
is written anew. Exit code 1 where a fault is not found, 2 where one cannot be planted, or a test fails without it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from queue import SimpleQueue

from kstore import __version__
from tools.figures import record
from tools.planted.faults import FAULTS
from tools.planted.planting import Copy, Fault, NotThere, Outcome, planted


def main() -> int:
    """Run the tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    faults = [one for one in FAULTS if not given.words or any(word in f"{one.what} {one.file}" for word in given.words)]
    try:
        for fault in faults:
            planted(fault)
    except (NotThere, SyntaxError) as error:
        print(error, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="kstore-planted-") as folder:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(given.jobs):
            copies.put(Copy(Path(folder, str(number))))
        first = copies.get()
        if said := first.check(sorted({test for fault in faults for test in fault.tests.split()})):
            print(f"a test fails without any fault:\n{said}", file=sys.stderr)
            return 2
        copies.put(first)
        outcomes = list(_judged(faults, copies, given.jobs))
    missed = [one for one in outcomes if not one.found_by]
    print(f"{len(outcomes) - len(missed)} of {len(outcomes)} faults are found")
    if given.write and not given.words and not missed:
        record("planted", table(outcomes))
    return 1 if missed else 0


def _judged(faults: Sequence[Fault], copies: SimpleQueue[Copy], jobs: int) -> list[Outcome]:
    def judge(fault: Fault) -> Outcome:
        copy = copies.get()
        try:
            outcome = copy.judge(fault)
        finally:
            copies.put(copy)
        print(f"{outcome.seconds:5.1f} s  {fault.what}: {outcome.found_by or 'NOT FOUND'}", flush=True)
        if not outcome.found_by:
            print(outcome.said, file=sys.stderr, flush=True)
        return outcome

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(judge, faults))


def table(outcomes: Sequence[Outcome]) -> str:
    """The part of docs/guarantees.md."""
    rows = [f"All {len(outcomes)} were found on {date.today()} (kstore {__version__}).", ""]
    rows += ["| fault | in | found by | seconds |", "|---|---|---|---|"]
    for one in outcomes:
        test = one.found_by.removeprefix("tests/").partition("[")[0]
        rows.append(f"| {one.fault.what} | `{one.fault.file}` | `{test}` | {one.seconds:.0f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
