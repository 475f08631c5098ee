"""
A Dask scheduler and workers as processes of their own, on loopback.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_PROGRAM = "from dask.__main__ import main; main()"


class DaskCluster:
    """
    A context manager that starts a scheduler with its workers, and ends them.

    Args:
        folder: for what they write.
        workers: how many at first, of one thread each.
        environment: theirs; this process's if None.
        python: what runs them.
    """

    def __init__(
        self, folder: Path, workers: int = 2, environment: Mapping[str, str] | None = None, python: str = sys.executable
    ) -> None:
        self._folder = folder
        self._environment = environment
        self._python = python
        self._count = workers
        self.processes: list[subprocess.Popen[bytes]] = []
        """The scheduler and its workers."""
        self.address = ""

    def __enter__(self) -> Self:
        file = self._folder / "scheduler.json"
        file.unlink(missing_ok=True)
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        try:
            while not self.address:
                if self.processes[0].poll() is not None:
                    raise RuntimeError(f"the scheduler ended: {(self._folder / 'scheduler.log').read_text()[-1000:]}")
                with suppress(OSError, ValueError, KeyError):
                    self.address = json.loads(file.read_text())["address"]
                time.sleep(0.05)
            for _ in range(self._count):
                self._start_worker()
            self._wait_for_workers()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def add_worker(self, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """One more worker, perhaps in an environment of its own, that the scheduler knows."""
        process = self._start_worker(environment)
        self._wait_for_workers()
        return process

    def _start_worker(self, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        place = ["--host", "127.0.0.1", "--local-directory", str(self._folder / f"worker-{len(self.processes)}")]
        one = ["--nthreads", "1", "--no-nanny"]
        return self._start("worker", self.address, *one, *place, environment=environment)

    def _start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        with (self._folder / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [self._python, "-c", _PROGRAM, *arguments, "--no-dashboard"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd=self._folder, env=environment or self._environment,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def _wait_for_workers(self) -> None:
        """Until the scheduler knows all that run, and none that has ended."""
        from distributed import Client

        with Client(self.address, timeout=120, set_as_default=False) as client:
            while len(client.scheduler_info(n_workers=-1)["workers"]) != len(self._running()):
                time.sleep(0.05)

    def _running(self) -> list[subprocess.Popen[bytes]]:
        return [one for one in self.processes[1:] if one.poll() is None]

    def seconds(self) -> float:
        """Processor seconds of all of them and of what they have started and ended (Linux)."""
        return sum(_seconds(one.pid) for one in self.processes)

    def _stop(self) -> None:
        for one in self.processes:
            one.kill()
            one.wait()


def _seconds(process: int) -> float:
    """Of a process, of those that it has waited for, and of those that still run below it."""
    with suppress(OSError):
        below = [
            int(one) for path in Path(f"/proc/{process}/task").glob("*/children") for one in path.read_text().split()
        ]
        # proc(5): utime, stime, cutime and cstime are fields 14 to 17; the name, field 2, may have blanks
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") + sum(map(_seconds, below))
    return 0.0
