"""
Transactions that come through after they were given up, on a real etcd: none is forgotten, none is undone by chance.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tools.cluster import Etcd

from kstore.cli.main import run
from kstore.codec import StoredObject
from kstore.errors import StoreUnreachable
from kstore.migrate.apply import Applier
from kstore.migrate.journal import Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.settle import Unsettled, settle
from kstore.records import Mutation, Put
from kstore.source.etcd.live import LiveSource
from kstore.source.interface import Committed
from kstore.write.batches import ONE_BY_ONE
from kstore.write.retry import Retry

from .conftest import key

pytestmark = pytest.mark.etcd

FREEZES = int(os.environ.get("KSTORE_FREEZES", "2"))
"""200 in the run that CONTRIBUTING.md names."""
OBJECTS = 40
REQUEST = {
    "release": "1.37", "to": ["apps/v1"], "to_release": "", "encrypt": False, "resources": [], "namespace": "",
    "selector": "", "only_stored_version": "", "media_type": "", "drop_unknown_fields": False, "webhook_url": "",
}  # fmt: skip


class Killed(BaseException):
    """The process ends here."""


class HeldBack(LiveSource):
    """An etcd whose first transaction is given up, and still on its way when the process is killed."""

    held: Sequence[Mutation] = ()

    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        if self.held:
            raise Killed
        self.held = mutations
        raise StoreUnreachable("no answer in time")


@pytest.fixture
def etcd(start_etcd: Callable[..., Etcd], deployment: Callable[..., bytes]) -> Etcd:
    """Old Deployments."""
    etcd = start_etcd()
    fill(etcd, deployment)
    return etcd


def fill(etcd: Etcd, deployment: Callable[..., bytes]) -> None:
    with LiveSource([etcd.endpoint]) as source:
        for number in range(OBJECTS):
            name = f"web-{number:03}"
            assert source.commit([Put(key(name), deployment(name), 0)]).succeeded


def stored(etcd: Etcd) -> dict[bytes, bytes]:
    with LiveSource([etcd.endpoint]) as source:
        return {record.key: record.value for record in source.scan(b"/registry/")}


def header(etcd: Etcd) -> dict[str, Any]:
    return {"store": etcd.endpoint, "prefix": "/registry", "request": REQUEST, "output": ""}


@pytest.fixture
def given_up(etcd: Etcd, planner: Any, tmp_path: Path) -> tuple[Path, Sequence[Mutation]]:
    """The journal of a migration that was killed after it gave a transaction up; the transaction, not yet come."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, header(etcd))
    with HeldBack([etcd.endpoint]) as source:
        applier = Applier(source, planner, writer, pace=ONE_BY_ONE)
        with pytest.raises(Killed):
            applier.run(list(source.scan(b"/registry/")))
        held = source.held
    writer.close()
    assert len(held) == OBJECTS
    return path, held


def commit(etcd: Etcd, mutations: Sequence[Mutation]) -> bool:
    with LiveSource([etcd.endpoint]) as source:
        return source.commit(mutations).succeeded


def status_of(journal: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["migrate", "status", str(journal), "-o", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.large
@pytest.mark.parametrize("resumed", [True, False])
def test_it_comes_late(etcd, given_up, resumed, planner, capsys, tmp_path: Path):
    """The transaction lands when kstore is gone: `status` tells, and `resume` and `rollback` take it for their own."""
    journal, held = given_up
    before = stored(etcd)
    assert status_of(journal, capsys)["late"] == 0
    assert commit(etcd, held)
    assert status_of(journal, capsys)["late"] == OBJECTS
    if resumed:
        assert run(["migrate", "resume", str(journal)]) == 0
        assert run(["migrate", "verify", str(journal)]) == 0
        found = status_of(journal, capsys)
        assert (found["written"], found["late"]) == (OBJECTS, 0)
    assert run(["migrate", "rollback", str(journal), "--yes"]) == 0
    assert stored(etcd) == before


def test_it_comes_after_the_rollback(etcd, given_up):
    """What had not come when it was rolled back can come no more."""
    journal, held = given_up
    before = stored(etcd)
    assert run(["migrate", "rollback", str(journal), "--yes"]) == 0
    assert not commit(etcd, held)
    assert stored(etcd) == before


@pytest.mark.parametrize("reason", ["unknown", "conflict"])
def test_an_old_journal(etcd, planner, reason: str, tmp_path: Path):
    """A batch that is undone, for whatever reason an older kstore gave, is judged by what is stored."""
    path = tmp_path / "journal"
    writer = JournalWriter(path, header(etcd))
    before = stored(etcd)
    with LiveSource([etcd.endpoint]) as source:
        changes = list(planner.plan(source.scan(b"/registry/")))
        writer.undone(writer.begin(changes[:5]), reason)
        assert source.commit([change.mutation() for change in changes[:5]]).succeeded
        assert Unsettled.of(Journal(path)).count_landed(source, Retry()) == 5
        assert settle(Journal(path), writer, source) == 5
        assert settle(Journal(path), writer, source) == 0
    writer.close()
    assert run(["migrate", "rollback", str(path), "--yes"]) == 0
    assert stored(etcd) == before


def test_the_same_revision_by_chance(start_etcd, deployment, tmp_path: Path, capsys):
    """In an etcd restored from the backup that was taken before, a write of others has a journalled revision: it is
    left, and named."""
    etcd = start_etcd()
    fill(etcd, deployment)
    etcd.stop()
    shutil.copytree(etcd.data, tmp_path / "backup")
    etcd.start()
    before = stored(etcd)
    journal = tmp_path / "journal"
    arguments = ["--to", "apps/v1", "--yes", "--journal", str(journal), "--batch", "1", "--concurrency", "1"]
    assert run(["--store", etcd.endpoint, "migrate", *arguments]) == 0
    batches = list(Journal(journal).batches())
    etcd.stop()
    shutil.rmtree(etcd.data)
    shutil.copytree(tmp_path / "backup", etcd.data)
    etcd.start()
    chosen = batches[3]
    assert chosen.revision is not None
    foreign = deployment("foreign")
    with LiveSource([etcd.endpoint]) as source:
        while (at := source.revision()) < chosen.revision - 1:
            assert source.commit([Put(b"/other/%d" % at, b"x", 0)]).succeeded
        (entry,) = chosen.entries
        assert source.commit([Put(entry.key, foreign, entry.mod_revision)]).revision == chosen.revision
    capsys.readouterr()
    assert run(["migrate", "rollback", str(journal), "--yes", "-o", "json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert (told["written"], told["restored"], told["alreadyBack"], told["left"]) == (OBJECTS, 0, OBJECTS - 1, 1)
    assert [one["key"] for one in told["objects_found"]] == [entry.key.decode()]
    after = stored(etcd)
    assert {name: after[name] for name in before} == {**before, entry.key: foreign}


@pytest.mark.large
def test_another_cluster(etcd, start_etcd, tmp_path: Path, capsys):
    """Another cluster than the journal names is only looked at, unless that is meant."""
    before = stored(etcd)
    journal = tmp_path / "journal"
    assert run(["--store", etcd.endpoint, "migrate", "--to", "apps/v1", "--yes", "--journal", str(journal)]) == 0
    other = start_etcd()
    migrated = stored(etcd)
    with LiveSource([other.endpoint]) as source:
        assert source.commit([Put(name, value, 0) for name, value in migrated.items()]).succeeded
    there = ["--store", other.endpoint, "migrate", "rollback", str(journal), "--yes"]
    assert run(there) == 4
    assert stored(other) == migrated
    assert "cluster" in capsys.readouterr().err
    assert run([*there, "--any-cluster"]) == 0
    assert stored(other) == before
    assert run(["migrate", "rollback", str(journal), "--yes"]) == 0
    assert stored(etcd) == before


@pytest.mark.alone
@pytest.mark.timeout(300 + 60 * FREEZES)
def test_frozen_and_killed(etcd, codec, tmp_path: Path, capsys):
    """An etcd that freezes for longer than it is waited for, kstore killed when it thaws: nothing is forgotten."""
    assert isinstance(etcd.process, subprocess.Popen)
    before = stored(etcd)
    for turn in range(FREEZES):
        journal = tmp_path / f"{turn}.journal"
        command = [sys.executable, "-m", "kstore", "--store", etcd.endpoint, "--command-timeout", "500ms", "migrate"]
        command += ["--to", "apps/v1", "--yes", "--journal", str(journal), "--batch", "2", "--rate", "60"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        size = random.randrange(2_000, 30_000)
        while process.poll() is None and (not journal.exists() or journal.stat().st_size < size):
            time.sleep(0.005)
        etcd.process.send_signal(signal.SIGSTOP)
        time.sleep(random.uniform(0.6, 1.2))
        etcd.process.send_signal(signal.SIGCONT)
        time.sleep(random.uniform(0, 0.12))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if not journal.exists():  # a busy machine did not answer in time even before
            continue
        assert run(["migrate", "resume", str(journal)]) == 0, turn
        with LiveSource([etcd.endpoint]) as source:
            reads = [codec.read(record) for record in source.scan(b"/registry/")]
        assert {read.gvk.api_version for read in reads if isinstance(read, StoredObject)} == {"apps/v1"}
        found = status_of(journal, capsys)
        assert (found["written"], found["late"]) == (OBJECTS, 0), turn
        assert run(["migrate", "rollback", str(journal), "--yes"]) == 0, turn
        assert stored(etcd) == before, turn
