"""
A run: each store once, whatever becomes of its process; what is known is not asked again.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from kstore.fleet import run as module
from kstore.fleet.child import run_task
from kstore.fleet.named import fingerprint
from kstore.fleet.processes import Processes
from kstore.fleet.run import LocalPool, run
from kstore.fleet.tasks import KINDS, Task, kstore_version

Program = Callable[[str], Path]


def answering(rows: list[Any], version: str = "") -> str:
    """A script that answers so."""
    return f"read task; echo '{json.dumps({'kstore': version or kstore_version(), 'rows': rows})}'"


def test_a_hanging_store_is_given_up(program: Program, processes: Processes) -> None:
    """It ends after its time, with all that it has started, and is not begun anew."""
    ran = program("sleep 600 & sleep 600")
    result = run_task(Task("check", "x").as_document(), timeout=0.3, retries=2, processes=processes)
    assert (result["status"], result["error"], result["rows"]) == ("timeout", "not done within 0.3 s", [])
    assert not ran.exists() or len(ran.read_text().splitlines()) == 1  # it may not have come that far in its time


@pytest.mark.parametrize(
    ("script", "said"),
    [("kill -9 $$", "signal 9"), ("echo no memory >&2; exit 7", "code 7: no memory"), ("echo half {", "code 0")],
)
def test_a_process_that_dies_is_begun_anew(script: str, said: str, program: Program, processes: Processes) -> None:
    """As often as retries say; then the result tells how it ended."""
    ran = program(script)
    result = run_task(Task("check", "x").as_document(), timeout=200, retries=2, processes=processes)
    assert result["status"] == "lost"
    assert said in result["error"]
    assert len(ran.read_text().splitlines()) == 3


def test_a_process_that_dies_once(program: Program, tmp_path: Path, processes: Processes) -> None:
    """The second one answers."""
    program(f"if mkdir {tmp_path}/first 2>/dev/null; then kill -9 $$; fi; {answering([{'store': 'x'}])}")
    assert run_task(Task("check", "x").as_document(), 200, 1, processes)["status"] == "done"


@pytest.mark.large
def test_one_process_answers_many(program: Program, night: Path, processes: Processes) -> None:
    """Each in a copy, from which the next has nothing: a store says the same in a new process and in a prepared one."""
    ran = program(f"exec {sys.executable} -m kstore.fleet")
    names = ["a.db", "torn.db", "a.db", "b.db", "a.db", "torn.db"]
    asked = {"target_release": "1.36"}
    tasks = [Task("check", str(night / name), asked=asked).as_document() for name in names]
    results = [run_task(task, 500, 0, processes) for task in tasks]
    assert [one["status"] for one in results] == ["done", "failed", "done", "done", "done", "failed"]
    assert results[0]["rows"] == results[2]["rows"] == results[4]["rows"]
    assert results[1]["error"] == results[5]["error"] != ""
    assert len(ran.read_text().splitlines()) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process has no copies here")
def test_a_copy_that_dies(program: Program, processes: Processes) -> None:
    """It costs a retry, and no new process."""
    ran = program(f"exec {sys.executable} -c '{DYING}'")
    for number in range(2):
        result = run_task(Task("check", str(number)).as_document(), 500, 0, processes)
        assert (result["status"], result["error"]) == ("lost", "its process ended with signal 9: no memory")
    assert len(ran.read_text().splitlines()) == 1


DYING = """
import os, sys
from kstore.fleet import tasks
def answer(task):
    print("no memory", file=sys.stderr)
    os.kill(os.getpid(), 9)
tasks.answer = answer
from kstore.fleet.__main__ import main
main()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process has no copies here")
def test_a_process_that_went_to_sleep(program: Program, processes: Processes) -> None:
    """One that ends because nobody asked it anything is no loss to the task that comes just then."""
    ran = program(f"{answering([{}])}; echo 'ended 0'; kill -ALRM $$")
    for _ in range(3):
        assert run_task(Task("check", "x").as_document(), 200, 0, processes)["status"] == "done"
    assert len(ran.read_text().splitlines()) == 3


@pytest.mark.large
@pytest.mark.parametrize("kind", list(KINDS))
def test_what_is_prepared_can_be_copied(kind: str, tmp_path: Path) -> None:
    """No thread of Python's is begun by it, and nothing is written."""
    asked = {"folder": str(tmp_path / "lake")} if kind == "export" else {}
    program = "import json, sys, threading; from kstore.fleet.tasks import Task, prepare; "
    program += "prepare(Task(**json.load(sys.stdin))); sys.exit(threading.active_count() - 1)"
    task = json.dumps(Task(kind, "nowhere", asked=asked).as_document())
    subprocess.run([sys.executable, "-W", "error", "-c", program], input=task, text=True, check=True)
    assert not (tmp_path / "lake").exists()


HANGING = """
import socket, subprocess, sys, time
from kstore.fleet import tasks
def answer(task):
    line = socket.create_connection(("127.0.0.1", int(task.address)))
    line.set_inheritable(True)
    subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"], close_fds=False)
tasks.answer = answer
from kstore.fleet.__main__ import main
main()
"""


def test_a_killed_worker_leaves_no_process(tmp_path: Path) -> None:
    """The process of its task ends with it, and what that has started: nobody holds the line any more."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{HANGING}'\n")
    python.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(120)
        task = Task("check", str(silent.getsockname()[1])).as_document()
        program = f"import sys; sys.executable = {str(python)!r}; from kstore.fleet.child import run_in_worker; "
        with subprocess.Popen([sys.executable, "-c", f"{program}run_in_worker({task!r}, 600, 0)"]) as worker:
            line, _ = silent.accept()
            worker.kill()
    with line:
        line.settimeout(120)
        assert line.recv(1) == b""


def test_who_leaves_early_waits_for_nothing(program: Program, tmp_path: Path) -> None:
    """As at an interrupt: processes that are under way end, and none is begun anew or after them."""
    ran = program(f"mkdir {tmp_path}/first 2>/dev/null && {answering([{}])} && exit; sleep 600")
    results = LocalPool(1).results([Task("check", str(number)).as_document() for number in range(3)], 600, 2)
    assert next(results)["status"] == "done"
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(ran.read_text().splitlines()) <= 2


@pytest.mark.large
def test_every_store_has_one_result(night: Path) -> None:
    """Whole ones, a torn one, one that is not there, one that is named twice."""
    names = [str(night / name) for name in ("a.db", "torn.db", "none.db", "a.db")]
    results = list(run([Task("analyze", name) for name in names], LocalPool(2)))
    assert {one["address"]: one["status"] for one in results} == {
        names[0]: "done",
        names[1]: "failed",
        names[2]: "failed",
    }
    assert len(results) == 3
    failures = {one["address"]: one["error"] for one in results if one["status"] == "failed"}
    assert failures[names[1]].startswith("damaged-store: ")
    assert failures[names[2]].startswith("store-not-found: ")


def test_what_is_known_is_not_asked_again(night: Path, tmp_path: Path, program: Program) -> None:
    """Until the file, the question, the options or the keys change."""
    store = tmp_path / "x.db"
    shutil.copy(night / "a.db", store)
    ran = program(answering([{"store": str(store)}]))

    def count(**changes: Any) -> int:
        changed = {"kind": "check", "reading": {}, "asked": {}, **changes}
        remembers = changed.pop("remembers", True)
        task = Task(address=str(store), mark=fingerprint(str(store)), **changed)
        (result,) = run([task], LocalPool(1), remembers=remembers)
        assert result["rows"] == [{"store": str(store)}]
        return len(ran.read_text().splitlines())

    assert count() == 1
    assert count() == 1
    assert count(remembers=False) == 2
    assert count(kind="analyze") == 3
    assert count(asked={"target_release": "1.30"}) == 4
    (tmp_path / "enc.yaml").write_text("one")
    assert count(reading={"encryption_config": str(tmp_path / "enc.yaml")}) == 5
    assert count(reading={"encryption_config": str(tmp_path / "enc.yaml")}) == 5
    (tmp_path / "enc.yaml").write_text("another")
    assert count(reading={"encryption_config": str(tmp_path / "enc.yaml")}) == 6
    store.write_bytes(store.read_bytes()[:-1] + b"x")
    assert count() == 7
    renamed = Task("check", str(store.rename(tmp_path / "y.db")), mark=fingerprint(str(tmp_path / "y.db")))
    assert [one["rows"] for one in run([renamed], LocalPool(1))] == [[{"store": str(tmp_path / "y.db")}]]
    assert len(ran.read_text().splitlines()) == 7


def known(file: Path) -> Task:
    """A check of a file, whose result is kept."""
    return Task("check", str(file), mark=fingerprint(str(file)))


def test_what_may_pass_is_asked_again(night: Path, program: Program) -> None:
    """A store that could not be reached or took its process down is no lasting truth; a damaged file is."""
    ran = program(f"read task; echo '{json.dumps({'kstore': kstore_version(), 'error': 'store: no answer'})}'")
    for _ in range(2):
        assert [one["status"] for one in run([known(night / "a.db")], LocalPool(1))] == ["failed"]
    assert len(ran.read_text().splitlines()) == 2
    ran.unlink()
    ran = program(f"read task; echo '{json.dumps({'kstore': kstore_version(), 'error': 'damaged-store: torn'})}'")
    for _ in range(2):
        assert [one["status"] for one in run([known(night / "torn.db")], LocalPool(1))] == ["failed"]
    assert len(ran.read_text().splitlines()) == 1


class Counting:
    """A pool that writes a file for each task, and counts what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.asked, self.version = 0, kstore_version()
        self.file = folder / "written.parquet"

    def results(self, tasks: Sequence[dict[str, Any]], timeout: float, retries: int) -> Iterator[dict[str, Any]]:
        for one in tasks:
            self.asked += 1
            self.file.touch()
            yield {"address": one["address"], "status": "done", "rows": [{"file": str(self.file)}], "error": "",
                   "kstore": self.version, "seconds": 0.1}  # fmt: skip


def test_what_was_written_and_is_gone_is_written_again(night: Path, tmp_path: Path) -> None:
    """A result that names a file is known as long as the file is there."""
    pool = Counting(tmp_path)
    for asked in (1, 1):
        (result,) = run([known(night / "a.db")], pool)
        assert pool.asked == asked
    assert result["known"]
    pool.file.unlink()
    (result,) = run([known(night / "a.db")], pool)
    assert (result["known"], pool.asked, pool.file.exists()) == (False, 2, True)


def test_another_kstore_finds_out_anew(night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rules may be others; what it has found does not replace what this one knows."""
    pool = Counting(tmp_path)
    list(run([known(night / "a.db")], pool))
    with monkeypatch.context() as other:
        other.setattr(module, "kstore_version", lambda: "99.0")
        other.setattr(pool, "version", "99.0")
        (result,) = run([known(night / "a.db")], pool)
        assert (result["known"], pool.asked) == (False, 2)
    (result,) = run([known(night / "a.db")], pool)
    assert (result["known"], pool.asked) == (True, 2)


def test_an_answer_of_another_version_is_refused() -> None:
    """A worker with another kstore may have other columns and rules."""

    class Other:
        def results(self, tasks: Sequence[dict[str, Any]], timeout: float, retries: int) -> Iterator[dict[str, Any]]:
            for one in tasks:
                yield {"address": one["address"], "status": "done", "rows": [{}], "error": "", "kstore": "0.0.1",
                       "seconds": 0.1}  # fmt: skip

    (result,) = module.run([Task("check", "x")], Other())
    assert (result["status"], result["rows"]) == ("failed", [])
    assert "the worker has kstore 0.0.1" in result["error"]
