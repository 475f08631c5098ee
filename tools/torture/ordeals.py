"""
What kstore, etcd, the disk and the way between them have to go through: each ordeal so many times, the books balanced
after each.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kstore.errors import KstoreError, NoSpace
from kstore.records import Put
from kstore.source.etcd.live import LiveSource
from kstore.source.options import SourceOptions
from tools.cluster import Etcd, Server, ServerMissing, find, find_etcd, three_etcds
from tools.cluster.running import new_rsa_key
from tools.torture.books import Others, after, before
from tools.torture.processes import Unbalanced, until
from tools.torture.proxy import Proxy
from tools.torture.trial import BRISK, Trial

_BYTES = 60_000
"""After how many bytes at most a connection is cut."""
_KILLS_A_MIGRATION = 4
_KEYS_A_MINUTE = 20_000
_MOST_KEYS = 1_000_000
_PATIENT = SourceOptions(dial_timeout=60, command_timeout=60)


class NotHere(Exception):
    """What an ordeal needs is not on this machine."""


def etcd_binary() -> Path:
    """The newest etcd that is here: one that tells its quota, if there is one."""
    try:
        return find("etcd")
    except ServerMissing:
        return find_etcd()


@dataclass
class Bench:
    """Where an ordeal is held."""

    folder: Path
    random: random.Random
    stack: ExitStack = field(default_factory=ExitStack)

    def etcd(self, **flags: str) -> Etcd:
        """An etcd, ended with the ordeal."""
        server = Etcd(etcd_binary(), self.folder, **flags).start()
        self.stack.callback(server.kill)
        return server

    def source(self, *endpoints: str, options: SourceOptions = _PATIENT) -> LiveSource:
        """A connection of others, closed with the ordeal."""
        return self.stack.enter_context(LiveSource(list(endpoints), options))

    def trial(self, server: Server, *options: str, count: int = 60) -> Trial:
        """Migrations of one server."""
        source = self.source(server.endpoint)
        return Trial(server.endpoint, source, self.folder, self.random, count=count, options=options)


def frozen(server: Server, seconds: float) -> None:
    """Stop a process for a time."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    server.process.send_signal(signal.SIGCONT)


# ---- processes


def killed(bench: Bench, times: int) -> int:
    """kstore is killed by SIGKILL, in migrations and in resumes of them, while others write."""
    trial = bench.trial(bench.etcd())
    done = 0
    while done < times:
        with Others(trial.books):
            for _ in range(_KILLS_A_MIGRATION):
                process = trial.migrate(*BRISK)
                trial.until_it_writes(process)
                done += process.kill()
        trial.balance()
    return done


def rolled_back(bench: Bench, times: int) -> int:
    """A rollback is killed by SIGKILL, again and again."""
    trial = bench.trial(bench.etcd())
    done = 0
    while done < times:
        trial.demand(trial.migrate(), 0)
        for _ in range(_KILLS_A_MIGRATION):
            process = trial.kstore("migrate", "rollback", str(trial.journal), "--yes")
            trial.until_it_writes(process)
            done += process.kill()
        trial.undo()
    return done


def stopped(bench: Bench, times: int) -> int:
    """kstore is stopped by SIGSTOP for seconds, and goes on: its clock has jumped, its requests are over."""
    trial = bench.trial(bench.etcd(), "--command-timeout", "1s")
    for _ in range(times):
        with Others(trial.books):
            process = trial.migrate(*BRISK)
            trial.until_it_writes(process)
            process.signal(signal.SIGSTOP)
            time.sleep(bench.random.uniform(0.5, 2.5))
            process.signal(signal.SIGCONT)
            trial.demand(process, 0)
        trial.balance()
    return times


def server_killed(bench: Bench, times: int) -> int:
    """etcd is killed by SIGKILL under a migration, and started again."""
    server = bench.etcd()
    trial = bench.trial(server)
    for _ in range(times):
        with Others(trial.books):
            process = trial.migrate(*BRISK)
            trial.until_it_writes(process)
            server.kill()
            server.start()
            trial.demand(process, 0)
        trial.balance()
    return times


def server_frozen(bench: Bench, times: int) -> int:
    """etcd is stopped by SIGSTOP for longer than it is waited for; then every other kstore is killed."""
    server = bench.etcd()
    trial = bench.trial(server, "--command-timeout", "500ms")
    for turn in range(times):
        with Others(trial.books):
            process = trial.migrate(*BRISK)
            trial.until_it_writes(process)
            frozen(server, bench.random.uniform(0.6, 1.2))
            if turn % 2:
                time.sleep(bench.random.uniform(0, 0.12))
                process.kill()
            else:
                trial.demand(process, 0)
        trial.balance()
    return times


def leader_lost(bench: Bench, times: int) -> int:
    """Three members lose their leader: by SIGKILL, or by SIGSTOP, behind which it has entries that come to nothing."""
    flags = {"heartbeat_interval": "100", "election_timeout": "1000"}
    servers = three_etcds(etcd_binary(), bench.folder, **flags)
    for server in servers:
        bench.stack.callback(server.kill)
    others = bench.source(*(server.endpoint for server in servers))
    trial = Trial(",".join(server.endpoint for server in servers), others, bench.folder, bench.random)
    for _ in range(times):
        with Others(trial.books):
            process = trial.migrate(*BRISK)
            trial.until_it_writes(process)
            leader = _leader(servers)
            if bench.random.random() < 0.5:
                leader.kill()
                time.sleep(bench.random.uniform(0, 1.5))
                leader.start()
            else:
                frozen(leader, bench.random.uniform(1.5, 3))
            trial.demand(process, 0)
        trial.balance()
    return times


def _leader(servers: list[Server]) -> Server:
    found: list[Server] = []

    def known() -> bool:
        for server in servers:
            with suppress(KstoreError), LiveSource([server.endpoint], _PATIENT) as source:
                leader = source.client.status().leader
                if leader is not None:
                    found[:] = [one for one in servers if one.endpoint in leader.client_urls]
                    return bool(found)
        return False

    until(known, "three members have a leader")
    return found[0]


# ---- the way, and the store


def cut(bench: Bench, times: int) -> int:
    """The way to etcd delays, and breaks off after a number of bytes that nobody chose."""
    server = bench.etcd()
    done = 0
    with Proxy(server.port, bench.random, longest=_BYTES) as proxy:
        source = bench.source(server.endpoint)
        trial = Trial(proxy.endpoint, source, bench.folder, bench.random, options=("--command-timeout", "2s"))
        while done < times:
            with Others(trial.books):
                until_now, proxy.longest = proxy.cuts, _BYTES
                trial.demand(trial.migrate(*BRISK), 0)
                done += proxy.cuts - until_now
            proxy.longest = 10 * _BYTES  # whole batches go back, which are given up when they are cut eight times
            trial.balance()
    return done


def compacted(bench: Bench, times: int) -> int:
    """The store is compacted to its newest revision all along, so that no page of a scan is of the revision before."""
    trial = bench.trial(bench.etcd(), count=1500)
    client = trial.books.source.client
    done = 0
    while done < times:
        ended = threading.Event()

        def compact(ended: threading.Event = ended) -> None:
            nonlocal done
            while not ended.wait(0.03):
                with suppress(Exception):  # nothing new to compact
                    client.compact(trial.books.revision())
                    done += 1

        thread = threading.Thread(target=compact)
        thread.start()
        try:
            with Others(trial.books):
                trial.demand(trial.migrate(), 0)
        finally:
            ended.set()
            thread.join()
        trial.balance()
    return done


def full(bench: Bench, times: int) -> int:
    """Others fill the store up to its quota under a migration; with room again, a resume completes it."""
    server = bench.etcd(quota_backend_bytes=str(16 << 20), backend_batch_limit="1")
    trial = bench.trial(server)
    source = trial.books.source
    for turn in range(times):
        process = trial.migrate(*BRISK)
        trial.until_it_writes(process)
        with suppress(NoSpace):
            for number in range(1000):
                source.commit([Put(b"/filler/%d/%d" % (turn, number), b"x" * 200_000, 0)])
        trial.demand(process, 0, 4)
        source.client.delete_prefix("/filler/")
        source.client.compact(source.revision(), physical=True)
        source.client.defragment()
        for alarm in source.client.list_alarms():
            list(source.client.disarm_alarm(alarm.member_id))
        trial.balance()
    return times


def token_expired(bench: Bench, times: int) -> int:
    """etcd's tokens (JWT) are valid for three seconds: each migration outlives several."""
    private, public = bench.folder / "private.pem", bench.folder / "public.pem"
    private.write_bytes(new_rsa_key())
    public.write_bytes(_public(private.read_bytes()))
    server = bench.etcd(auth_token=f"jwt,pub-key={public},priv-key={private},sign-method=RS256,ttl=3s", bcrypt_cost="4")
    for words in ("user add root:rootpw", "user grant-role root root", "auth enable"):
        ctl = [str(find_etcd("etcdctl")), "--endpoints", server.endpoint, *words.split()]
        subprocess.run(ctl, check=True, capture_output=True, env={**os.environ, "ETCDCTL_API": "3"})
    options = SourceOptions(dial_timeout=60, command_timeout=60, user="root", password="rootpw")
    source = bench.source(server.endpoint, options=options)
    trial = Trial(server.endpoint, source, bench.folder, bench.random, options=("--user", "root:rootpw"))
    for _ in range(times):
        with Others(trial.books):
            trial.demand(trial.migrate("--batch", "1", "--rate", "7", "--concurrency", "1"), 0)
        trial.balance()
    return times


def _public(private: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(private, None)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


# ---- two at once


def two_migrations(bench: Bench, times: int) -> int:
    """Two migrations of one store at once, each with a journal of its own; the later is undone first."""
    trial = bench.trial(bench.etcd())
    other = bench.folder / "other.journal"
    for _ in range(times):
        with Others(trial.books):
            both = [trial.migrate(*BRISK), trial.migrate(*BRISK, journal=other)]
            for process in both:
                trial.demand(process, 0)
        trial.books.hold("every object is as before or as after", before, after)
        for journal in (trial.journal, other):
            trial.demand(trial.migrate(journal=journal), 0)
        trial.books.hold("both have completed", after)
        for journal in (other, trial.journal, other):
            trial.demand(trial.kstore("migrate", "rollback", str(journal), "--yes"), 0, 4)
        trial.books.hold("both undone bring back what others wrote last", before)
        trial.undo()
        other.unlink()
    return times


def one_journal(bench: Bench, times: int) -> int:
    """Two processes go on with one journal at once: one is refused, and has written nothing."""
    trial = bench.trial(bench.etcd())
    for _ in range(times):
        with Others(trial.books):
            first = trial.migrate(*BRISK)
            trial.until_it_writes(first)
            first.kill()
            both = [trial.migrate(*BRISK), trial.migrate(*BRISK)]
            codes = [process.ended() for process in both]
        if 0 not in codes or not set(codes) <= {0, 1}:
            raise Unbalanced(f"one of two goes on: exit codes {codes}\n{both[0].said()}")
        trial.balance()
    return times


# ---- the disk


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Callable[[], None]]:
    """A file system of so many kilobytes; what is yielded makes it large."""
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        raise NotHere("only root may mount a small file system")

    def enlarge() -> None:
        subprocess.run(["mount", "-o", "remount,size=200m", str(folder)], check=True)

    try:
        yield enlarge
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def journal_full(bench: Bench, times: int) -> int:
    """The disk of the journal is full; with room again, a resume completes it."""
    trial = bench.trial(bench.etcd())
    for _ in range(times):
        with small_disk(bench.folder / "small", bench.random.randrange(4, 40, 4)) as enlarge:
            trial.journal = bench.folder / "small" / "journal"
            with Others(trial.books):
                trial.demand(trial.migrate(*BRISK), 0, 1)
            trial.books.hold("every object is as before or as after", before, after)
            enlarge()
            trial.balance()
    return times


def output_full(bench: Bench, times: int) -> int:
    """The disk of the output is full: nothing is left there; with room, the same command makes it."""
    trial = bench.trial(bench.etcd())
    words = ("--store", "demo", "migrate", "--to", "apps/v1", "--yes", "--output")
    trial.demand(trial.kstore(*words, str(bench.folder / "whole.db")), 0)
    kilobytes = (bench.folder / "whole.db").stat().st_size // 1024
    for _ in range(times):
        place = bench.folder / "small"
        with small_disk(place, bench.random.randrange(4, kilobytes, 4)) as enlarge:
            output = str(place / "new.db")
            trial.demand(trial.kstore(*words, output), 1)
            if left := [one.name for one in place.iterdir()]:
                raise Unbalanced(f"nothing is left of an output: {left}\n{(bench.folder / 'said').read_text()}")
            enlarge()
            trial.demand(trial.kstore(*words, output), 0)
            trial.demand(trial.kstore("migrate", "verify", output), 0)
    return times


# ---- the clock


def clock_jumps(bench: Bench, times: int) -> int:
    """kstore's wall clock jumps by hours and years, forwards and back (libfaketime); `stopped` has the other clock."""
    faketime = shutil.which("faketime")
    if faketime is None:
        raise NotHere("there is no faketime")
    library = subprocess.run([faketime, "now", "printenv", "LD_PRELOAD"], capture_output=True, text=True).stdout.strip()
    trial = bench.trial(bench.etcd())
    moment = bench.folder / "moment"
    for _ in range(times):
        moment.write_text("+0")
        environment = {
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(moment), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        with Others(trial.books):
            process = trial.apart(environment, *BRISK)
            while process.poll() is None:
                moment.write_text(bench.random.choice(("+0", "+3h", "-2h", "+10y", "-30d", "+1m")))
                time.sleep(0.2)
        if process.returncode:
            raise Unbalanced(f"exit code {process.returncode} under a clock that jumps\n{trial.said()}")
        trial.balance()
    return times


# ---- for a long time


def soaked(bench: Bench, minutes: int) -> int:
    """A large store that others write to all along: migrations of it are killed, gone on with, proved and undone."""
    server = bench.etcd(
        quota_backend_bytes=str(8 << 30), auto_compaction_mode="periodic", auto_compaction_retention="5m"
    )
    trial = bench.trial(server, count=min(_MOST_KEYS, _KEYS_A_MINUTE * minutes))
    ends = time.monotonic() + 60 * minutes
    while time.monotonic() < ends:
        with Others(trial.books):
            for _ in range(_KILLS_A_MIGRATION):
                process = trial.migrate()
                trial.until_it_writes(process)
                process.kill()
            trial.demand(trial.migrate(), 0)
        trial.balance()
    return minutes


class Ordeal(NamedTuple):
    """What is done, how often in the short form, and in the long."""

    run: Callable[[Bench, int], int]
    short: int
    long: int
    unit: str


ORDEALS = {
    "kills": Ordeal(killed, 24, 1000, "SIGKILLs of a migration"),
    "rollbacks": Ordeal(rolled_back, 8, 200, "SIGKILLs of a rollback"),
    "server-kills": Ordeal(server_killed, 3, 200, "SIGKILLs of etcd"),
    "leaders": Ordeal(leader_lost, 2, 100, "leaders lost"),
    "freezes": Ordeal(server_frozen, 4, 200, "SIGSTOPs of etcd"),
    "stops": Ordeal(stopped, 2, 50, "SIGSTOPs of kstore"),
    "cuts": Ordeal(cut, 10, 1000, "connections cut"),
    "compactions": Ordeal(compacted, 10, 1000, "compactions"),
    "quotas": Ordeal(full, 1, 20, "times full"),
    "tokens": Ordeal(token_expired, 1, 20, "migrations beyond their tokens"),
    "pairs": Ordeal(two_migrations, 2, 50, "pairs of migrations"),
    "journals": Ordeal(one_journal, 2, 50, "pairs on one journal"),
    "full-journals": Ordeal(journal_full, 2, 50, "full disks of a journal"),
    "full-outputs": Ordeal(output_full, 2, 50, "full disks of an output"),
    "clocks": Ordeal(clock_jumps, 1, 20, "migrations under a jumping clock"),
    "soaks": Ordeal(soaked, 1, 60, "minutes of a store of 20,000 keys for each, up to a million"),
}
"""By the name of the option that says how often."""
