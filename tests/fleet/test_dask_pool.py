"""
A real Dask cluster: a scheduler and two workers as processes of their own, on loopback.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from kstore.errors import SourceError
from kstore.fleet import dask_pool
from kstore.fleet.dask_pool import DaskPool
from kstore.fleet.run import run
from kstore.fleet.tasks import Task

WORKER = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]


class Cluster:
    """
    A scheduler and its workers.

    Args:
        folder: for what they write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.processes = [self._start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")]

    def worker(self) -> subprocess.Popen[bytes]:
        """One more worker."""
        number = len(self.processes)
        place = ["--local-directory", str(self._folder / f"worker-{number}")]
        self.processes.append(self._start("worker", self.address, *WORKER, *place))
        return self.processes[-1]

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{arguments[0]}.log").open("ab")
        code = "from dask.__main__ import main; main()"
        return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=log, stderr=log, cwd=self._folder)

    def stop(self) -> None:
        """End all of it."""
        for one in self.processes:
            one.kill()
            one.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with two workers."""
    from distributed import Client

    found = Cluster(tmp_path_factory.mktemp("dask"))
    try:
        found.worker()
        found.worker()
        with Client(found.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield found
    finally:
        found.stop()


def test_other_versions_are_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the part, both versions, and what to do."""
    monkeypatch.setattr(dask_pool, "kstore_version", lambda: "9.9.9")
    with pytest.raises(SourceError, match=r"has kstore .*, this process 9\.9\.9") as error:
        DaskPool(cluster.address)
    assert "same versions" in error.value.hint


def test_no_scheduler() -> None:
    """An address where none answers is an error with the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(SourceError, match="no Dask scheduler answers"):
            DaskPool(f"tcp://127.0.0.1:{taken.getsockname()[1]}", timeout=1)


def test_a_worker_that_is_killed_costs_no_store(cluster: Cluster, night: Path, tmp_path: Path) -> None:
    """Every store has one right result, though a worker dies with one begun; the second run asks nothing."""
    stores = []
    for number in range(6):
        stores.append(tmp_path / f"{number}.db")
        shutil.copy(night / ("torn.db" if number == 3 else "a.db"), stores[-1])
    tasks = [Task("analyze", str(one)) for one in stores]
    results = []
    with DaskPool(cluster.address) as pool:
        for one in run(tasks, pool, timeout=120):
            results.append(one)
            if len(results) == 1:
                os.kill(cluster.processes[1].pid, signal.SIGKILL)
    assert sorted(one["address"] for one in results) == sorted(map(str, stores))
    assert {one["address"]: one["status"] for one in results} == {
        str(one): "failed" if one.name == "3.db" else "done" for one in stores
    }
    assert len({len(one["rows"]) for one in results if one["status"] == "done"}) == 1

    class Nowhere:
        def results(self, tasks: list[object], timeout: float, retries: int) -> Iterator[dict[str, object]]:
            assert tasks == []
            return iter(())

    assert all(one["known"] for one in run(tasks, Nowhere()))  # type: ignore[arg-type]
