"""
A real Dask cluster: a scheduler and two workers as processes of their own, on loopback.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.cluster.dask_cluster import DaskCluster

import kstore
from kstore.errors import SourceError
from kstore.fleet import dask_pool
from kstore.fleet.dask_pool import DaskPool
from kstore.fleet.named import fingerprint
from kstore.fleet.run import run
from kstore.fleet.tasks import Task

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler with two workers; nothing here can be done without Dask."""
    pytest.importorskip("distributed")
    with DaskCluster(tmp_path_factory.mktemp("dask")) as found:
        yield found


def other_kstore(folder: Path, version: str) -> dict[str, str]:
    """Variables of a process that has another version of kstore installed."""
    package = folder / "kstore"
    package.mkdir(parents=True)
    code = Path(str(kstore.__file__)).read_text()
    path = f"__path__.append({str(Path(str(kstore.__file__)).parent)!r})\n"
    (package / "__init__.py").write_text(f"{code}\n{path}__version__ = {version!r}\n")
    about = folder / f"kstore-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: kstore\nVersion: {version}\n")
    return {**os.environ, "PYTHONPATH": str(folder)}


def test_a_worker_of_another_version_is_refused(cluster: DaskCluster, tmp_path: Path) -> None:
    """The error names the part, both versions, and what to do; nothing was asked of anyone."""
    worker = cluster.add_worker(other_kstore(tmp_path / "other", "9.9.9"))
    try:
        with pytest.raises(SourceError, match=r"tcp://.* has kstore 9\.9\.9, this process") as error:
            DaskPool(cluster.address)
        assert "same versions" in error.value.hint
    finally:
        worker.kill()
        worker.wait()


def test_other_packages_are_refused(cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the scheduler, too: one that has no kstore, and one of another Dask."""
    real, changes = dask_pool._packages, iter([{}, {"kstore": ""}, {}, {"dask": "2020.1.0"}])
    monkeypatch.setattr(dask_pool, "_packages", lambda part: {**real(part), **next(changes)})
    with pytest.raises(SourceError, match="the scheduler has kstore not installed, this process"):
        DaskPool(cluster.address)
    with pytest.raises(SourceError, match=r"the scheduler has dask 2020\.1\.0, this process"):
        DaskPool(cluster.address)


def test_a_difference_is_said_once(cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask's own warning, a table, does not come before the error that says the same."""
    from distributed import client, versions

    real = versions.get_versions

    def older(*arguments: Any, **named: Any) -> dict[str, Any]:
        found = real(*arguments, **named)
        return {**found, "packages": {**found["packages"], "dask": "2020.1.0"}}

    said: list[object] = []
    monkeypatch.setattr(versions, "get_versions", older)
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: said.append(message))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        client.Client(cluster.address, set_as_default=False).close()
        assert any("2020.1.0" in str(one) for one in said)  # as Dask has it
        said.clear()
        with pytest.raises(SourceError, match=r"the scheduler has dask .*, this process 2020\.1\.0"):
            DaskPool(cluster.address)
        assert said == []


def test_no_scheduler() -> None:
    """An address where none answers is an error with the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(SourceError, match="no Dask scheduler answers"):
            DaskPool(f"tcp://127.0.0.1:{taken.getsockname()[1]}", timeout=1)


def test_a_worker_that_is_killed_costs_no_store(cluster: DaskCluster, night: Path, tmp_path: Path) -> None:
    """Every store has one right result, though a worker dies with one begun; the second run asks nothing."""
    stores = []
    for number in range(6):
        stores.append(tmp_path / f"{number}.db")
        shutil.copy(night / ("torn.db" if number == 3 else "a.db"), stores[-1])
    tasks = [Task("analyze", str(one), mark=fingerprint(str(one))) for one in stores]
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
