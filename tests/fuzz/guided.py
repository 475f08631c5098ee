"""
A fuzz run that is guided by what the code does with each input: atheris, on the readers of `readers.py`.

    python -m tests.fuzz.guided --runs 100000                 # each reader; atheris must be installed (make fuzz)
    python -m tests.fuzz.guided --reader json_text --seconds 60 --record

A reader that raises anything but a `KstoreError`, takes more than ten seconds, or more than a gigabyte of memory is a
finding: its input is printed, and the run exits with 1. Inputs that led somewhere new are kept in `.fuzz/`, where the
next run begins. `--record` adds the figures of a reader without a finding to those of the same version's earlier runs,
in guided.json and in docs/guarantees.md.
"""

from __future__ import annotations

import argparse
import atexit
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kstore import __version__
from tools import figures as page

REPOSITORY = Path(__file__).parents[2]
KEPT = REPOSITORY / ".fuzz"
RESULT = Path(__file__).parent / "guided.json"
_SECONDS_EACH = 10
_MEGABYTES = 1024
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_LONGEST = 1 << 16
"""Bytes of an input at most."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one reader's run came to, or its runs of one version together."""

    executions: int
    findings: int
    kept: int
    """Inputs of which each led somewhere that no other did."""
    seconds: float
    version: str
    date: str
    """Of the last run."""

    def after(self, earlier: Figures | None) -> Figures:
        """Together with what earlier runs came to, if they were of the same version."""
        if earlier is None or earlier.version != self.version:
            return self
        return replace(
            self,
            executions=earlier.executions + self.executions,
            findings=earlier.findings + self.findings,
            seconds=round(earlier.seconds + self.seconds, 1),
        )


def table(results: Mapping[str, Figures]) -> str:
    """The part of docs/guarantees.md."""
    rows = ["| reader | executions | findings | seconds | last on | version |", "|---|---|---|---|---|---|"]
    rows += [
        f"| `{name}` | {one.executions:,} | {one.findings} | {one.seconds:,.0f} | {one.date} | kstore {one.version} |"
        for name, one in sorted(results.items())
    ]
    return "\n".join(rows)


def fuzz_one(name: str, arguments: list[str]) -> None:
    """In a process of its own, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=["kstore"]):
        from tests.fuzz.readers import READERS, close, seeds

        reader = READERS[name]
        for data in seeds(name):  # what a reader imports on use is instrumented as well
            reader.attempt(data)
    atexit.register(close)
    atheris.Setup([sys.argv[0], *arguments], reader.attempt)
    atheris.Fuzz()


def fuzz(name: str, runs: int, seconds: int, seed: int) -> Figures:
    """Fuzz one reader, with random numbers of its own for the seed 0; what it printed last is shown if it fails."""
    from tests.fuzz.readers import seeds

    kept = KEPT / name
    kept.mkdir(parents=True, exist_ok=True)
    began = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as temporary:
        beginning, found = Path(temporary, "seeds"), Path(temporary, "found")
        beginning.mkdir()
        found.mkdir()
        for number, data in enumerate(seeds(name)):
            (beginning / str(number)).write_bytes(data)
        options = [
            f"-runs={runs}", f"-timeout={_SECONDS_EACH}", f"-rss_limit_mb={_MEGABYTES}", f"-max_len={_LONGEST}",
            f"-artifact_prefix={found}/", "-print_final_stats=1", f"-seed={seed}",
            *([f"-max_total_time={seconds}"] if seconds else []),
        ]  # fmt: skip
        command = [sys.executable, "-m", "tests.fuzz.guided", "--in-process", name, "--", *options]
        ended = subprocess.run([*command, str(kept), str(beginning)], cwd=REPOSITORY, capture_output=True)
        told = ended.stderr.decode(errors="replace") + ended.stdout.decode(errors="replace")
        findings = sorted(found.iterdir())
        for path in findings:
            print(f"{name}: {path.name}\n{base64.b64encode(path.read_bytes()).decode()}")
        if findings or ended.returncode:
            print(told[-4000:], file=sys.stderr)
        executed = _EXECUTED.search(told)
    return Figures(
        executions=int(executed[1]) if executed else 0,
        findings=len(findings) or int(ended.returncode != 0),
        kept=sum(1 for _ in kept.iterdir()),
        seconds=round((datetime.now(UTC) - began).total_seconds(), 1),
        version=__version__,
        date=f"{began:%Y-%m-%d}",
    )


def main() -> int:
    """The command line."""
    from tests.fuzz.readers import READERS

    parser = argparse.ArgumentParser()
    parser.add_argument("--reader", action="append", choices=READERS, help="only this one; may be given again")
    parser.add_argument("--runs", type=int, default=20_000, help="executions of each reader")
    parser.add_argument("--seconds", type=int, default=0, help="stop each reader after this time")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers; 0 is another one each time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="readers at once")
    parser.add_argument("--record", action="store_true", help="add the figures to guided.json and docs/guarantees.md")
    given = parser.parse_args()
    faulty = False
    with ThreadPoolExecutor(given.jobs) as threads:
        names = {
            threads.submit(fuzz, name, given.runs, given.seconds, given.seed): name for name in given.reader or READERS
        }
        for ended in as_completed(names):
            name, came_to = names[ended], ended.result()
            print(
                f"{name:26} {came_to.executions:9,} executions {came_to.findings} findings {came_to.seconds:7.1f} s",
                flush=True,
            )
            if came_to.findings or not came_to.executions:
                faulty = True
            elif given.record:
                record(name, came_to)
    return int(faulty)


def record(name: str, figures: Figures) -> None:
    """Add what a reader's run came to, as soon as it has ended: the run of all of them takes hours."""
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    results = {reader: Figures(**one) for reader, one in known.items()}
    results[name] = figures.after(results.get(name))
    kept = {reader: asdict(one) for reader, one in sorted(results.items())}
    RESULT.write_text(json.dumps(kept, indent=2) + "\n")
    page.record("fuzzed", table(results))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in-process"]:
        fuzz_one(sys.argv[2], sys.argv[4:])
    else:
        sys.exit(main())
