"""
One task in a process of its own, which may hang or die: what is left is a result all the same.

Imports next to nothing of the rest of kstore, so that a worker of Dask loads it in no time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from kstore.operating_system import end_group

Result = dict[str, Any]
"""`address`, `status`, `rows`, `error`, `seconds`, `kstore` (the version that answered), `process` (its number)."""

DONE, FAILED, TIMEOUT, LOST = "done", "failed", "timeout", "lost"
"""How a task ended: answered; the store cannot be read; not in time; its process died."""


def run_task(task: dict[str, Any], timeout: float, retries: int) -> Result:
    """
    Run a task, and again where its process died.

    Args:
        task: a `Task` as a document.
        timeout: seconds that it may take.
        retries: how often it is begun anew when its process dies.
    """
    result = _once(task, timeout)
    for _ in range(retries):
        if result["status"] != LOST:
            break
        result = _once(task, timeout)
    return result


def _once(task: dict[str, Any], timeout: float) -> Result:
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "kstore.fleet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    found: Result = {"address": task["address"], "rows": [], "error": "", "kstore": ""}
    try:
        out, talk = process.communicate(json.dumps(task).encode(), timeout)
        status, more = _ended(process.returncode, out, talk)
    except subprocess.TimeoutExpired:
        status, more = TIMEOUT, {"error": f"not done within {timeout:g} s"}
    finally:
        end_group(process.pid)
        process.communicate()
    return {**found, **more, "status": status, "seconds": round(time.monotonic() - began, 3)}


def _ended(code: int, out: bytes, talk: bytes) -> tuple[str, Result]:
    try:
        answered = json.loads(out)
    except ValueError:
        said = talk.decode(errors="replace").strip().rpartition("\n")[2][-300:]
        how = f"signal {-code}" if code < 0 else f"code {code}"
        return LOST, {"error": f"its process ended with {how}{f': {said}' if said else ''}"}
    return (FAILED if "error" in answered else DONE), answered
