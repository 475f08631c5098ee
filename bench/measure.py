"""
Running commands side by side: seconds, and the peak memory of each process by itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KSTORE = [sys.executable, "-m", "kstore"]


@dataclass(frozen=True, slots=True)
class Run:
    """What one command took."""

    seconds: float
    peak: int
    """The largest resident set of the process, in bytes; never less than this program's own, which it begins as."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report: kstore beside its peer, in the same run."""

    work: str
    kstore: Run
    peer_name: str
    peer: Run
    aim: str = ""
    """What the project holds itself to."""

    @property
    def ratio(self) -> float:
        """How many times faster kstore was."""
        return self.peer.seconds / self.kstore.seconds


def run(command: Sequence[str], *, stdin: Path | None = None, repeat: int = 3) -> Run:
    """
    The best of some runs of a command; what it prints goes nowhere.

    Raises:
        RuntimeError: it failed.
    """
    best: Run | None = None
    for _ in range(repeat):
        with open(stdin or os.devnull, "rb") as source:
            began = time.perf_counter()
            process = subprocess.Popen(list(command), stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            assert process.stderr is not None
            talk = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {talk.decode()[-500:]}")
        found = Run(seconds, usage.ru_maxrss * 1024)
        if best is None or found.seconds < best.seconds:
            best = Run(found.seconds, max(found.peak, best.peak if best else 0))
    assert best is not None
    return best


def peer(name: str) -> str | None:
    """The path of a peer's program, or None where it is not installed."""
    prebuilt = os.environ.get("KSTORE_SERVERS")
    if prebuilt and (path := Path(prebuilt) / name).exists():
        return str(path)
    return shutil.which(name)


def fixed_work(objects: Path, rounds: int = 2) -> tuple[str, Run]:
    """A piece of work that every Python has: the same objects, read and printed by its own json."""
    program = (
        "import json, sys\n"
        f"for _ in range({rounds}):\n"
        f"    for line in open({str(objects)!r}):\n"
        "        sys.stdout.write(json.dumps(json.loads(line)))\n"
    )
    return f"Python's json, {rounds} times", run([sys.executable, "-c", program], repeat=2)
