"""
What is measured: a function a kind of work, each yielding figures.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tools.cluster import Etcd, KubeApiserver, find, find_etcd

from bench import data
from bench.data import Inputs
from bench.measure import KSTORE, Figure, Run, fixed_work, peer, run

Case = Callable[[Path, int], Iterator[Figure]]


def decode(folder: Path, count: int) -> Iterator[Figure]:
    """Stored Pods to JSON and to YAML, through the command line as a filter."""
    auger = peer("auger")
    inputs = Inputs(folder, "pod", count)
    decoding = [*KSTORE, "decode", "--batch", "--workers"]
    beside = run([auger, "decode", "--batch-process", "-o", "json"], stdin=inputs.hex()) if auger else None
    name, other = ("auger decode -o json", beside) if beside else fixed_work(inputs.objects())
    for workers, aim in ((1, "1.3 times"), (2, "twice")):
        work = f"{count} stored Pods to JSON, {workers} at once"
        yield Figure(work, run([*decoding, str(workers)], stdin=inputs.lines()), name, other, aim)
    if auger:
        few = Inputs(folder, "pod", count // 5)
        yield Figure(
            f"{count // 5} stored Pods to YAML, 1 at once",
            run([*decoding, "1", "-o", "yaml"], stdin=few.lines(), repeat=1),
            "auger decode",
            run([auger, "decode", "--batch-process"], stdin=few.hex(), repeat=1),
            "5 times",
        )


def convert(folder: Path, count: int) -> Iterator[Figure]:
    """Deployments from apps/v1beta1 to apps/v1, in one process."""
    inputs = Inputs(folder, "deployment", count)
    name, beside = fixed_work(inputs.objects())
    yield Figure(
        f"{count} Deployments from apps/v1beta1 to apps/v1",
        run([*KSTORE, "convert", "--batch", "--to", "apps/v1", "--workers", "1"], stdin=inputs.lines()),
        name,
        beside,
        f"{count / 4000:.1f} s: 4,000 a second on one core",
    )


def offline(folder: Path, count: int) -> Iterator[Figure]:
    """A snapshot: its keys, one object of it, what fills it, a field of each object."""
    database = data.snapshot(folder, count)
    auger = peer("auger")
    if auger is None:
        print("auger is not installed: the snapshot is not measured beside it")
        return
    store = [*KSTORE, "--store", str(database)]
    extract = [auger, "extract", "-f", str(database)]
    key = data.PREFIXES["pod"].decode() + "frontend-000007"
    with TemporaryDirectory() as empty:  # nothing is known of the snapshot: all of it is hashed
        anew = run(["env", f"XDG_CACHE_HOME={empty}", *store, "get", key, "-o", "yaml"], repeat=1)
    yield Figure("snapshot: one object, looked into for the first time", anew, "auger", run([*extract, "-k", key]))
    for work, mine, theirs, aim in (
        ("all keys", ["ls", "/", "-o", "keys"], [*extract, "--fields=key"], "faster, a fifth of the memory"),
        ("one object, looked into again", ["get", key, "-o", "yaml"], [*extract, "-k", key], "as fast"),
        ("what fills it", ["analyze"], [auger, "analyze", "-f", str(database)], "faster, a third of the memory"),
        (
            "a field of each object",
            ["ls", "/registry", "-o", r'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}'],
            [*extract, "--template", "{{.Value.metadata.name}}"],
            "a quarter of the time",
        ),
    ):
        yield Figure(f"snapshot: {work}", run([*store, *mine], repeat=2), "auger", run(theirs, repeat=2), aim)


def live(folder: Path, count: int) -> Iterator[Figure]:
    """A running etcd: the names, and the values, of all Pods."""
    etcdctl = str(find_etcd("etcdctl"))
    database = data.snapshot(folder, count)
    restored = folder / "restored"
    if not restored.exists():
        try:
            tool = str(find_etcd("etcdutl"))
        except Exception:  # 3.4 has no etcdutl
            tool = etcdctl
        subprocess.run(
            [tool, "snapshot", "restore", str(database), "--data-dir", str(restored / "etcd")],
            check=True,
            capture_output=True,
        )
    with Etcd(find_etcd(), restored, quota_backend_bytes=str(8 << 30)) as etcd:
        store = [*KSTORE, "--store", etcd.endpoint]
        get = [etcdctl, "--endpoints", etcd.endpoint, "get", "--prefix"]
        pods = data.PREFIXES["pod"].decode()
        yield Figure(
            "live: the names of all objects",
            run([*store, "ls", "/registry", "-o", "keys"]),
            "etcdctl get --keys-only",
            run([*get, "/registry", "--keys-only"]),
            "within twice",
        )
        yield Figure(
            "live: all Pods with their values",
            run([*store, "ls", pods, "-o", "name"]),
            "etcdctl get --prefix",
            run([*get, pods]),
            "within twice, a tenth of the memory",
        )


def migrate(folder: Path, count: int) -> Iterator[Figure]:
    """Deployments to apps/v1 in a running etcd, beside GET and PUT of each through a kube-apiserver."""
    if peer("kube-apiserver") is None:
        print("kube-apiserver is not installed: the migration is not measured beside it")
        return
    samples = {1: min(500, count // 4), 8: min(2000, count // 4)}
    place = folder / "migrate"
    shutil.rmtree(place, ignore_errors=True)
    with Etcd(find_etcd(), place, quota_backend_bytes=str(8 << 30)) as etcd:
        data.fill_deployments(etcd, count)
        with KubeApiserver(find("kube-apiserver"), place / "kube-apiserver", etcd.endpoint) as server:
            through = put_back(server, samples)
        journal = place / "bench.journal"
        arguments = ["migrate", "--to", "apps/v1", "--yes", "--journal", str(journal)]
        mine = run([*KSTORE, "--store", etcd.endpoint, *arguments], repeat=1)
        left = count - sum(samples.values())
        require_migrated(etcd.endpoint, journal, left)
    for writers, sample in samples.items():
        yield Figure(
            f"live: {left} Deployments to apps/v1",
            mine,
            f"GET and PUT, {writers} at once",
            Run(through[writers] * left / sample, 0),
            f"30 times; {sample} measured",
        )


def require_migrated(endpoint: str, journal: Path, count: int) -> None:
    """
    See that a migration has written what was timed.

    Raises:
        RuntimeError: it has not, or something else.
    """
    status = [*KSTORE, "--store", endpoint, "migrate", "status", str(journal), "-o", "json"]
    written = json.loads(subprocess.run(status, check=True, capture_output=True, text=True).stdout)["written"]
    if written != count:
        raise RuntimeError(f"the migration wrote {written} objects, {count} were to be written")


def put_back(server: KubeApiserver, samples: dict[int, int]) -> dict[int, float]:
    """
    Seconds to send Deployments back through an apiserver, as the storage version migrator does.

    Args:
        server: the apiserver.
        samples: how many, by the number of writers at once; each is sent once.
    """
    path = f"/apis/apps/v1/namespaces/{data.NAMESPACE}/deployments"
    items = server.client().request("GET", f"{path}?limit={sum(samples.values())}")["items"]
    if len(items) != sum(samples.values()):
        raise RuntimeError(f"the apiserver lists {len(items)} Deployments, {sum(samples.values())} are to be sent back")

    def work(part: list[dict[str, Any]]) -> None:
        client = server.client()
        for item in part:
            item |= {"apiVersion": "apps/v1", "kind": "Deployment"}
            client.request("GET", f"{path}/{item['metadata']['name']}")
            client.request("PUT", f"{path}/{item['metadata']['name']}", item)

    seconds = {}
    for writers, sample in samples.items():
        part, items = items[:sample], items[sample:]
        began = time.perf_counter()
        with ThreadPoolExecutor(writers) as pool:
            list(pool.map(work, [part[at::writers] for at in range(writers)]))
        seconds[writers] = time.perf_counter() - began
    return seconds


def sql(folder: Path, count: int) -> Iterator[Figure]:
    """Questions in SQL, beside the same by the tree and by jsonpath with the shell's own tools."""
    database = data.snapshot(folder, count)
    store = [*KSTORE, "--store", str(database)]
    yield Figure(
        "SQL: objects by stored version",
        run([*store, "sql", "select stored_version, count(*) from objects group by 1"], repeat=2),
        "kstore ls",
        run([*store, "ls"], repeat=2),
        "as fast, below 150 MiB",
    )
    path = r'{range .items[*]}{.spec.nodeName} {.status.phase}{"\n"}{end}'
    shell = f"{shlex.join([*store, 'ls', 'pods', '-o', f'jsonpath={path}'])} | sort | uniq -c"
    yield Figure(
        "SQL: two fields of the JSON of Pods, counted",
        run([*store, "sql", "select spec.nodeName, status.phase, count(*) from pods group by all"], repeat=2),
        "ls -o jsonpath | sort | uniq -c",
        run(["sh", "-c", shell], repeat=2),
        "as fast: no Deployment is decoded",
    )


def fleet(folder: Path, count: int) -> Iterator[Figure]:
    """Many small stores, beside a shell loop of single commands."""
    stores = data.small_stores(folder, max(8, count // 500))
    with TemporaryDirectory() as empty:  # nothing is known of any store
        mine = ["env", f"XDG_CACHE_HOME={empty}", *KSTORE, "fleet", "versions", "--no-cache", *map(str, stores)]
        loop = f'for store in {shlex.join(map(str, stores))}; do {shlex.join(KSTORE)} --store "$store" ls; done'
        yield Figure(
            f"fleet: what {len(stores)} small stores have in which version",
            run(mine, repeat=1),
            "shell loop of kstore ls",
            run(["env", f"XDG_CACHE_HOME={empty}", "sh", "-c", loop], repeat=1),
            "1.7 times on two processors",
        )


CASES: dict[str, Case] = {
    "decode": decode,
    "convert": convert,
    "offline": offline,
    "live": live,
    "migrate": migrate,
    "sql": sql,
    "fleet": fleet,
}
"""What can be asked for by name."""


def as_json(figures: list[Figure]) -> str:
    """The figures for a machine."""
    return json.dumps(
        [
            {
                "work": one.work,
                "seconds": round(one.kstore.seconds, 3),
                "peakBytes": one.kstore.peak,
                "peer": one.peer_name,
                "peerSeconds": round(one.peer.seconds, 3),
                "peerPeakBytes": one.peer.peak,
                "ratio": round(one.ratio, 2),
                "aim": one.aim,
            }
            for one in figures
        ],
        indent=2,
    )
