"""
Migrations of a real etcd: processes that are killed, servers that go away, leases, a full quota.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.patience import SECONDS, InsistentSource, until
from tools.cluster import Etcd, Server

from kstore.cli.main import run
from kstore.codec import StoredObject
from kstore.errors import NoSpace
from kstore.records import Put, Record
from kstore.source.etcd.live import LiveSource

from .conftest import key

pytestmark = pytest.mark.etcd

OBJECTS = int(os.environ.get("KSTORE_MIGRATION_OBJECTS", "600"))
"""5000 in the run that CONTRIBUTING.md names."""
KILLS = max(4, OBJECTS // 250)
SLOWLY = ["--batch", "5", "--rate", str(OBJECTS // 60)]
"""So many objects a second that a migration is still under way when a busy machine gets to interrupting it."""
BRISKLY = ["--batch", "5", "--rate", str(OBJECTS // 4)]
"""So many that it ends in seconds."""


@pytest.fixture
def fill(deployment: Callable[..., bytes]) -> Callable[[Etcd, int], dict[bytes, bytes]]:
    """Write so many old Deployments, and say what was written."""

    def write(etcd: Etcd | Server | Address, count: int, together: int = 100) -> dict[bytes, bytes]:
        values = {key(f"web-{number:05}"): deployment(f"web-{number:05}") for number in range(count)}
        puts = [Put(name, value, 0) for name, value in values.items()]
        with InsistentSource([etcd.endpoint]) as source:
            for at in range(0, count, together):
                assert source.commit(puts[at : at + together]).succeeded
        return values

    return write


@dataclass(frozen=True)
class Address:
    """A store that is known by its endpoint only."""

    endpoint: str


def records(etcd: Etcd | Server | Address) -> dict[bytes, Record]:
    with LiveSource([etcd.endpoint]) as source:
        return {record.key: record for record in source.scan(b"/registry/")}


def start(etcd: Etcd, *arguments: str) -> subprocess.Popen[bytes]:
    """Another kstore, as a process that can be killed."""
    command = [sys.executable, "-m", "kstore", "--store", etcd.endpoint, "migrate", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until_it_writes(process: subprocess.Popen[Any], journal: Path) -> None:
    """Wait, however busy the machine is, until a migration has noted some more of its changes, or has ended."""
    before = size(journal)
    until(lambda: size(journal) > before + 5_000 or process.poll() is not None)


def size(journal: Path) -> int:
    """How much is in a journal, if there is one."""
    return journal.stat().st_size if journal.exists() else 0


def migrate(etcd: Etcd | Address, *arguments: str) -> int:
    return run(["--store", etcd.endpoint, "migrate", *arguments])


@pytest.fixture
def meddler(deployment: Callable[..., bytes]) -> Iterator[Callable[[Etcd, int], dict[bytes, bytes]]]:
    """Somebody who writes to some of the same keys all along; what they wrote last, by key."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def begin(etcd: Etcd, count: int) -> dict[bytes, bytes]:
        written: dict[bytes, bytes] = {}

        def meddle() -> None:
            with LiveSource([etcd.endpoint]) as source:
                for turn in range(1_000_000):
                    if stop.wait(0.01):
                        return
                    name = f"web-{random.randrange(0, count, 5):05}"
                    found = source.get(key(name))
                    assert found is not None
                    value = deployment(name, image=f"other:{turn}")
                    if source.commit([Put(found.key, value, found.mod_revision)]).succeeded:
                        written[found.key] = value

        threads.append(threading.Thread(target=meddle))
        threads[-1].start()
        return written

    begin.stop = lambda: (stop.set(), [thread.join() for thread in threads])  # type: ignore[attr-defined]
    yield begin
    stop.set()
    for thread in threads:
        thread.join()


@pytest.mark.alone
def test_killed_again_and_again(start_etcd, fill, meddler, codec, tmp_path: Path):
    """Killed at random moments while somebody else writes: resumed it ends complete, no foreign write is lost, and a
    rollback brings back the very bytes of all that nobody else touched."""
    etcd = start_etcd()
    before = fill(etcd, OBJECTS)
    written = meddler(etcd, OBJECTS)
    journal = str(tmp_path / "journal")
    arguments = ["--to", "apps/v1", "--yes", "--journal", journal]
    interrupted = 0
    for _ in range(KILLS):
        process = start(etcd, *arguments, *SLOWLY)
        wait_until_it_writes(process, Path(journal))
        time.sleep(random.uniform(0, 0.4))
        interrupted += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        arguments = ["resume", journal]
    meddler.stop()
    assert interrupted
    assert migrate(etcd, "resume", journal) == 0
    after = records(etcd)
    for name, record in after.items():
        read = codec.read(record)
        assert isinstance(read, StoredObject)
        assert read.gvk.api_version == "apps/v1"
        foreign = written.get(name)
        if foreign is not None:
            (container,) = read.object["spec"]["template"]["spec"]["containers"]
            assert container["image"].encode() in foreign
    assert migrate(etcd, "verify", journal) in (0, 5)
    migrate(etcd, "rollback", journal, "--yes")
    restored = records(etcd)
    untouched = [name for name in before if name not in written]
    assert untouched
    assert all(restored[name].value == before[name] for name in untouched)


@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_says_how_to_go_on(number: signal.Signals, start_etcd, fill, codec, tmp_path: Path):
    """
    Ctrl-C, the end of a service, or of the terminal, all of which its workers hear of, too: it ends between two
    transactions with 130 and the command that goes on; nothing is left half-known.
    """
    etcd = start_etcd()
    fill(etcd, OBJECTS)
    journal = tmp_path / "journal"
    command = [sys.executable, "-m", "kstore", "--store", etcd.endpoint, "migrate", "--to", "apps/v1", "--yes"]
    command += ["--journal", str(journal), *SLOWLY]
    # a process takes over what its parent ignores, as one under nohup does
    before = signal.signal(number, signal.default_int_handler)
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    signal.signal(number, before)
    wait_until_it_writes(process, journal)
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert f"kstore migrate resume {journal}" in said
    versions = [codec.read(record).gvk.api_version for record in records(etcd).values()]
    assert 0 < versions.count("apps/v1") < OBJECTS
    assert migrate(etcd, "resume", str(journal)) == 0
    assert {codec.read(record).gvk.api_version for record in records(etcd).values()} == {"apps/v1"}
    assert migrate(etcd, "verify", str(journal)) == 0


@pytest.mark.alone
def test_a_server_that_stays_away(start_etcd, fill, codec, tmp_path: Path):
    """When it has been waited for long enough, it is said what was written and which command goes on; and it does."""
    etcd = start_etcd()
    fill(etcd, OBJECTS)
    journal = tmp_path / "journal"
    command = [sys.executable, "-m", "kstore", "--store", etcd.endpoint, "--dial-timeout", "10s"]
    command += ["--command-timeout", "10s"]
    command += ["migrate", "--to", "apps/v1", "--yes", "--journal", str(journal), *SLOWLY, "--retry-timeout", "0.5"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_until_it_writes(process, journal)
    etcd.kill()
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert f"objects are written; `kstore migrate resume {journal}` goes on" in said
    etcd.start()
    assert migrate(etcd, "resume", str(journal)) == 0
    assert {codec.read(record).gvk.api_version for record in records(etcd).values()} == {"apps/v1"}


@pytest.mark.alone
def test_etcd_goes_away_and_comes_back(start_etcd, fill, codec, tmp_path: Path):
    """A server that is killed and started again in the middle delays a migration, and no more."""
    etcd = start_etcd()
    fill(etcd, OBJECTS)
    journal = str(tmp_path / "journal")
    process = start(etcd, "--to", "apps/v1", "--yes", "--journal", journal, *BRISKLY)
    wait_until_it_writes(process, Path(journal))
    etcd.kill()
    time.sleep(0.5)
    etcd.start()
    assert process.wait(timeout=SECONDS) == 0
    reads = [codec.read(record) for record in records(etcd).values()]
    assert {read.gvk.api_version for read in reads} == {"apps/v1"}
    assert migrate(etcd, "verify", journal) == 0


def test_a_lease_runs_out_as_if_nothing_had_been(start_etcd, fill, deployment, tmp_path: Path):
    """A key with a lease keeps it, and the lease its time: with the lease it goes, and the others stay."""
    etcd = start_etcd()
    fill(etcd, 3)
    with LiveSource([etcd.endpoint]) as source:
        lease = source.client.lease(3600).id
        assert source.commit([Put(key("short"), deployment("short"), 0, lease)]).succeeded
        time.sleep(1.5)  # so that a lease that is granted anew, or kept alive, would be known by its time
        assert migrate(etcd, "--to", "apps/v1", "--yes", "--journal", str(tmp_path / "journal")) == 0
        found = source.get(key("short"))
        assert found is not None
        assert found.lease == lease
        times = source.client.get_lease_info(lease)
        assert times.grantedTTL == 3600
        assert times.TTL < 3599
        source.client.revoke_lease(lease)  # as it ends by itself
        assert source.get(key("short")) is None
        assert source.count(b"/registry/") == 3


@pytest.mark.large
def test_a_full_quota_ends_it_and_room_lets_it_go_on(start_etcd, fill, codec, tmp_path: Path, capsys):
    """At the quota nothing more is written and the exit code says why; with room again a resume completes it."""
    etcd = start_etcd(quota_backend_bytes=str(4 << 20))
    fill(etcd, 200)
    with LiveSource([etcd.endpoint]) as source:
        fillers = ([Put(b"/other/%d" % number, b"x" * 100_000, 0)] for number in range(1000))
        with pytest.raises(NoSpace):
            all(source.commit(filler) for filler in fillers)
    journal = str(tmp_path / "journal")
    assert migrate(etcd, "--to", "apps/v1", "--yes", "--journal", journal) == 4
    assert "NOSPACE" in capsys.readouterr().err
    with LiveSource([etcd.endpoint]) as source:
        source.client.delete_prefix("/other/")
        source.client.compact(source.revision(), physical=True)
        source.client.defragment()
        for alarm in source.client.list_alarms():
            list(source.client.disarm_alarm(alarm.member_id))
    assert migrate(etcd, "resume", journal) == 0
    assert {codec.read(record).gvk.api_version for record in records(etcd).values()} == {"apps/v1"}


@pytest.mark.alone
def test_a_cluster_loses_its_leader(three_members: list[Server], fill, codec, tmp_path: Path):
    """The leader of three dies in the middle: the migration goes on with the other two, and loses nothing."""
    fill(three_members[0], OBJECTS)
    endpoints = ",".join(server.endpoint for server in three_members)
    with LiveSource(endpoints.split(",")) as source:
        until(lambda: source.client.status().leader is not None)
        leader = source.client.status().leader
        (dying,) = (server for server in three_members if _member_id(server) == leader.id)
    command = [sys.executable, "-m", "kstore", "--store", endpoints, "migrate", "--to", "apps/v1", "--yes"]
    command += ["--journal", str(tmp_path / "journal"), *BRISKLY]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until_it_writes(process, tmp_path / "journal")
    dying.kill()
    assert process.wait(timeout=SECONDS) == 0
    (living, _) = (server for server in three_members if server is not dying)
    reads = [codec.read(record) for record in records(living).values()]
    assert len(reads) == OBJECTS
    assert {read.gvk.api_version for read in reads} == {"apps/v1"}
    assert run(["--store", living.endpoint, "migrate", "verify", str(tmp_path / "journal")]) == 0


def _member_id(server: Server) -> int:
    with LiveSource([server.endpoint]) as source:
        (found,) = (one for one in source.client.members if one.client_urls and server.endpoint in one.client_urls)
        return int(found.id)


def test_kine_takes_one_key_a_transaction(kine: str, fill, codec, tmp_path: Path):
    """On kine every object is written by itself, rolled back the same way, and read again."""
    store = Address(kine)
    before = fill(store, 40, together=1)
    journal = str(tmp_path / "journal")
    assert migrate(store, "--to-release", "1.37", "--yes", "--journal", journal) == 0
    after = records(store)
    assert {codec.read(after[name]).gvk.api_version for name in before} == {"apps/v1"}
    assert migrate(store, "verify", journal) == 0
    assert migrate(store, "rollback", journal, "--yes") == 0
    restored = records(store)
    assert {name: restored[name].value for name in before} == before
