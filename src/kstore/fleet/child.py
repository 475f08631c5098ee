"""
One task in a process of its own, which may hang or die: what is left is a result all the same.

Imports next to nothing of the rest of kstore, so that a worker of Dask loads it in no time.
"""

from __future__ import annotations

import json
import time
from typing import Any, Final

from kstore.fleet.processes import NotInTime, Processes

Result = dict[str, Any]
"""`address`, `status`, `rows`, `error`, `seconds`, `kstore` (the version that answered)."""

DONE, FAILED, TIMEOUT, LOST = "done", "failed", "timeout", "lost"
"""How a task ended: answered; the store cannot be read; not in time; its process died."""

_OF_THE_WORKER: Final = Processes()


def run_in_worker(task: dict[str, Any], timeout: float, retries: int) -> Result:
    """`run_task` in a worker of Dask: its processes stay for the next task, and end with it, or when none comes."""
    return run_task(task, timeout, retries, _OF_THE_WORKER)


def run_task(task: dict[str, Any], timeout: float, retries: int, processes: Processes) -> Result:
    """
    Run a task, and again where its process died.

    Args:
        task: a `Task` as a document.
        timeout: seconds that it may take.
        retries: how often it is begun anew when its process dies.
        processes: those that answer.
    """
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
        status, more = _ended(*processes.answer(task, timeout))
    except NotInTime:
        status, more = TIMEOUT, {"error": f"not done within {timeout:g} s"}
    return {**found, **more, "status": status, "seconds": round(time.monotonic() - began, 3)}


def _ended(code: int, answer: bytes, talk: str) -> tuple[str, Result]:
    try:
        answered = json.loads(answer)
    except ValueError:
        how = f"signal {-code}" if code < 0 else f"code {code}"
        return LOST, {"error": f"its process ended with {how}{f': {talk}' if talk else ''}"}
    return (FAILED if "error" in answered else DONE), answered
