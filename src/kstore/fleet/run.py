"""
A run over many stores: what is known is taken from before, the rest is done here or by a Dask cluster.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from kstore.fleet.child import DONE, Result, run_task
from kstore.fleet.named import fingerprint
from kstore.fleet.processes import Processes
from kstore.fleet.tasks import Task, kstore_version
from kstore.source.user_cache import cache_folder, write_whole

_STAYS: Final = ("damaged-store", "not-a-database")
"""The errors of a file that is no better the next time."""


class Pool(Protocol):
    """Where tasks are done."""

    def results(self, tasks: Sequence[dict[str, Any]], timeout: float, retries: int) -> Iterator[Result]:
        """Yield each task's result as soon as it is known, one for each."""
        ...


@dataclass(frozen=True)
class LocalPool:
    """
    Processes of this machine.

    Args:
        workers: how many at once.
    """

    workers: int

    def results(self, tasks: Sequence[dict[str, Any]], timeout: float, retries: int) -> Iterator[Result]:
        """Yield each task's result as soon as it is known."""
        processes = Processes()
        with ThreadPoolExecutor(self.workers) as threads:
            begun = [threads.submit(run_task, task, timeout, retries, processes) for task in tasks]
            try:
                for one in as_completed(begun):
                    yield one.result()
            finally:  # a person who interrupts does not wait for those that are under way
                threads.shutdown(wait=False, cancel_futures=True)
                processes.end()


def run(
    tasks: Iterable[Task], pool: Pool, *, timeout: float = 600, retries: int = 2, remembers: bool = True
) -> Iterator[Result]:
    """
    Do the tasks: yield a result for each store, first those that are known from an earlier run (`known` is true then).

    Args:
        tasks: one a store; a store that is named twice is done once.
        pool: where they are done.
        timeout: seconds that one may take.
        retries: how often one is begun anew when its process or worker dies.
        remembers: take what an earlier run found of a file that is still the same, and keep what this one finds.
    """
    left: dict[str, tuple[Task, Path | None]] = {}
    for task in {task.address: task for task in tasks}.values():
        place = _place(task) if remembers else None
        kept = _kept(place)
        if kept is not None:
            yield {**kept, **_under(task.address, kept), "known": True}
        else:
            left[task.address] = task, place
    for result in pool.results([task.as_document() for task, _ in left.values()], timeout, retries):
        result = _of_this_version(result)
        _, place = left[result["address"]]
        if place is not None and (result["status"] == DONE or result["error"].startswith(_STAYS)):
            _keep(place, result)
        yield {**result, "known": False}


def _under(address: str, kept: Result) -> Result:
    """What is known of a file, told of the address that it has now."""
    return {"address": address, "rows": [{**row, "store": address} for row in kept["rows"]]}


def _of_this_version(result: Result) -> Result:
    """A result of another kstore than this is none: columns and rules may differ."""
    if result["status"] == DONE and result["kstore"] != kstore_version():
        error = f"the worker has kstore {result['kstore']}, this is {kstore_version()}"
        return {**result, "status": "failed", "rows": [], "error": error}
    return result


# ---- what is known


def _place(task: Task) -> Path | None:
    """Where the result of a task is kept; None for what may change without its file telling."""
    folder = cache_folder()
    if not task.mark or folder is None:
        return None
    keys = fingerprint(str(task.reading.get("encryption_config", "")))
    reading, asked = sorted(task.reading.items()), sorted(task.asked.items())
    # what was written, as by export, bears the address
    written = task.address if "folder" in task.asked else ""
    about = json.dumps([task.kind, task.mark, written, keys, reading, asked, kstore_version()])
    return folder / "fleet" / f"{hashlib.sha256(about.encode()).hexdigest()}.json"


def _kept(place: Path | None) -> Result | None:
    try:
        found: Result | None = json.loads(place.read_bytes()) if place is not None else None
    except (OSError, ValueError):
        return None
    files = [row["file"] for row in found["rows"] if "file" in row] if found else []
    return found if all(map(os.path.exists, files)) else None


def _keep(place: Path, result: Result) -> None:
    with suppress(OSError):  # then it is found out again next time
        write_whole(place, json.dumps(result).encode())


@contextmanager
def pool_of(scheduler: str, workers: int) -> Iterator[Pool]:
    """
    The pool of a Dask scheduler's address, or, where that is empty, of this machine.

    Raises:
        UsageError: Dask is not installed.
        SourceError: no scheduler answers, or its workers are of other versions.
    """
    if not scheduler:
        yield LocalPool(workers)
        return
    from kstore.fleet.dask_pool import DaskPool

    with DaskPool(scheduler) as pool:
        yield pool
