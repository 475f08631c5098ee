"""
One task in a process of its own, which may hang or die: what is left is a result all the same.

Imports next to nothing of the rest of kstore, so that a worker of Dask loads it in no time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kstore.operating_system import end_group

Result = dict[str, Any]
"""`address`, `status`, `rows`, `error`, `seconds`, `kstore` (the version that answered), `process` (its number)."""

DONE, FAILED, TIMEOUT, LOST = "done", "failed", "timeout", "lost"
"""How a task ended: answered; the store cannot be read; not in time; its process died."""


class Processes:
    """Those that answer tasks at present; they can be ended all at once, and none begins after that."""

    def __init__(self) -> None:
        self._running: set[int] = set()
        self._lock = threading.Lock()
        self.ended = False
        """Whether they were."""

    def end(self) -> None:
        """End them, and what they have started."""
        with self._lock:
            self.ended = True
            for one in self._running:
                end_group(one)

    @contextmanager
    def begin(self) -> Iterator[subprocess.Popen[bytes]]:
        """A new one, which is ended with all that it has started when it is done with."""
        with self._lock:
            process = subprocess.Popen(
                [sys.executable, "-m", "kstore.fleet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
            self._running.add(process.pid)
        try:
            if self.ended:
                end_group(process.pid)
            yield process
        finally:
            end_group(process.pid)
            process.communicate()
            with self._lock:
                self._running.discard(process.pid)


def run_task(task: dict[str, Any], timeout: float, retries: int, processes: Processes | None = None) -> Result:
    """
    Run a task, and again where its process died.

    Args:
        task: a `Task` as a document.
        timeout: seconds that it may take.
        retries: how often it is begun anew when its process dies.
        processes: among which its own is.
    """
    processes = processes or Processes()
    result = _once(task, timeout, processes)
    for _ in range(retries):
        if result["status"] != LOST or processes.ended:
            break
        result = _once(task, timeout, processes)
    return result


def _once(task: dict[str, Any], timeout: float, processes: Processes) -> Result:
    began = time.monotonic()
    found: Result = {"address": task["address"], "rows": [], "error": "", "kstore": ""}
    try:
        with processes.begin() as process, _handed_over(process, task):
            out, talk = process.communicate(timeout=timeout)
            status, more = _ended(process.returncode, out, talk)
    except subprocess.TimeoutExpired:
        status, more = TIMEOUT, {"error": f"not done within {timeout:g} s"}
    return {**found, **more, "status": status, "seconds": round(time.monotonic() - began, 3)}


@contextmanager
def _handed_over(process: subprocess.Popen[bytes], task: dict[str, Any]) -> Iterator[None]:
    """
    Give a process its task, and hold the pipe as long as it works.

    When we are killed, the pipe closes, and the process ends itself.
    """
    pipe, process.stdin = process.stdin, None  # else communicate() would close it
    assert pipe is not None
    try:
        with suppress(BrokenPipeError):  # it has died already, as its end will tell
            pipe.write(json.dumps(task).encode() + b"\n")
            pipe.flush()
        yield
    finally:
        with suppress(BrokenPipeError):
            pipe.close()


def _ended(code: int, out: bytes, talk: bytes) -> tuple[str, Result]:
    try:
        answered = json.loads(out)
    except ValueError:
        said = talk.decode(errors="replace").strip().rpartition("\n")[2][-300:]
        how = f"signal {-code}" if code < 0 else f"code {code}"
        return LOST, {"error": f"its process ended with {how}{f': {said}' if said else ''}"}
    return (FAILED if "error" in answered else DONE), answered
