"""
Running commands side by side: seconds, and the peak memory of each process by itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

KSTORE = [sys.executable, "-m", "kstore"]


@dataclass(frozen=True, slots=True)
class Run:
    """What one command took."""

    seconds: float
    peak: int
    """The largest resident set of the process, in bytes, its workers' not counted; 0 where that is not known."""


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
            with _Watcher(process.pid) as watcher:
                talk = process.communicate()[1]
                seconds = time.perf_counter() - began
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {talk.decode()[-500:]}")
        if best is None or seconds < best.seconds:
            best = Run(seconds, max(watcher.peak, best.peak if best else 0))
    assert best is not None
    return best


class _Watcher(threading.Thread):
    """
    Looks at the memory of a process again and again.

    What the kernel says at a process' end would not do: it begins with the size of the program that started it.
    """

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._status = Path(f"/proc/{process}/status")
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Look until the process is gone."""
        with suppress(OSError):
            while not self._ended.wait(0.01):
                found = re.search(r"VmHWM:\s*(\d+) kB", self._status.read_text())
                self.peak = max(self.peak, int(found[1]) * 1024 if found else 0)


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
