"""
`kstore fleet check` over a fleet, and what its table says beside what is true.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tools.cluster import Server, find, free_port
from tools.cluster.dask_cluster import DaskCluster
from tools.fleet_of_500.stores import TARGET, Expected

KSTORE: Final = [sys.executable, "-m", "kstore"]
_EXACT: Final = ("status", "cluster", "release", "revision", "objects", "undecodable", "below_target")
_AT_ONCE: Final = ("--timeout", "1ms")
"""No store can be asked in that time: a run that says the same as before has asked none."""
_COUNTS: Final = {"error": "errors", "warning": "warnings", "note": "notes"}


@dataclass(frozen=True)
class Fleet:
    """Stores that are asked, wherever they are."""

    place: str
    """What their files' names are below: a folder, or the address of a bucket."""
    pattern: str
    """The one argument that means all of them."""
    keys: Path
    """The EncryptionConfiguration for all."""
    expected: Sequence[Expected]
    environment: dict[str, str]

    def address(self, one: Expected) -> str:
        """Of one store."""
        return f"{self.place}/{one.file}"


def environment(cache: Path, more: dict[str, str] | None = None) -> dict[str, str]:
    """Variables of a run that remembers nothing but what is in the cache."""
    return {**os.environ, **(more or {}), "XDG_CACHE_HOME": str(cache)}


def begin(fleet: Fleet, addresses: Sequence[str], *options: str, output: Path) -> subprocess.Popen[bytes]:
    """Begin a check; its table goes to a file as JSON, its talk to one beside it."""
    command = [*KSTORE, "fleet", "check", *addresses, *_asking(fleet), *options]
    with output.open("wb") as table, output.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=table, stderr=log, env=fleet.environment)


def _asking(fleet: Fleet) -> list[str]:
    return ["--encryption-provider-config", str(fleet.keys), "--target-release", TARGET, "-o", "json"]


def finished(cache: Path) -> int:
    """How many results a run has kept so far."""
    return len(list((cache / "kstore" / "fleet").glob("*.json")))


def wait_until(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """
    Wait for something that a running process brings about.

    Raises:
        RuntimeError: the process ended before.
    """
    while not reached():
        if process.poll() is not None:
            raise RuntimeError(f"it ended with {process.returncode} before that")
        time.sleep(0.1)


def table(output: Path) -> list[dict[str, Any]]:
    """The rows of a table."""
    rows: list[dict[str, Any]] = json.loads(output.read_bytes())
    return rows


def wrong(fleet: Fleet, rows: Iterable[dict[str, Any]]) -> list[str]:
    """What the rows say that is not so: each store once, and of each what was put in."""
    found = list(rows)
    times = Counter(row["store"] for row in found)
    faults = [f"{store} has {count} rows" for store, count in times.items() if count > 1]
    of_store = {row["store"]: row for row in found}
    for one in fleet.expected:
        row = of_store.pop(fleet.address(one), None)
        if row is None:
            faults.append(f"{one.file} has no row")
            continue
        faults += [
            f"{one.file} ({one.kind}): {name} is {row[name]!r}, not {value!r}"
            for name, value in asdict(one).items()
            if name in _EXACT and row[name] != value
        ]
        if not (row["error"] or "").startswith(one.error) or bool(row["error"]) != bool(one.error):
            faults.append(f"{one.file} ({one.kind}): {row['error']}")
    return faults + [f"{store} is not of the fleet" for store in of_store]


def differing(rows: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> list[str]:
    """
    The stores whose rows differ between two tables.

    Not compared are ages, which go on, and seconds: files of the same bytes, as of empty stores, share one result.
    """
    shorter = [[{**row, "age_hours": None, "seconds": None} for row in one] for one in (rows, others)]
    if len(rows) != len(others):
        return [f"{len(rows)} rows, then {len(others)}"]
    return [one["store"] for one, other in zip(*shorter, strict=True) if one != other]


@dataclass(frozen=True)
class Took:
    """What something took."""

    seconds: float
    processor: float


def loop(fleet: Fleet, stores: Sequence[Expected]) -> tuple[Took, list[dict[str, int]]]:
    """
    Check stores one after the other by single commands, as a shell loop does.

    Returns what it took, and the findings by severity that each command told.
    """
    found, began, before = [], time.monotonic(), children_seconds()
    for one in stores:
        command = [*KSTORE, "--store", fleet.address(one), "check", *_asking(fleet)]
        done = subprocess.run(command, capture_output=True, env=fleet.environment, check=False)
        counts = json.loads(done.stdout)["counts"] if done.stdout else {}
        found.append({column: counts[name] for name, column in _COUNTS.items() if counts})
    return Took(time.monotonic() - began, children_seconds() - before), found


def children_seconds() -> float:
    """Processor seconds of the processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# ---- a bucket


@contextmanager
def in_bucket(folder: Path, expected: Sequence[Expected], scratch: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """
    The address of a bucket that holds a folder's stores, and the variables with which it is read.

    A real server of S3's API, versitygw, runs meanwhile on loopback.
    """
    root, port, secret = scratch / "buckets", free_port(), "fleet"
    (root / "backups").mkdir(parents=True)
    command = [str(find("versitygw", rare=True)), "--access", secret, "--secret", secret, "--port", f"127.0.0.1:{port}"]
    command += ["--health", "/health", "posix", str(root)]
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": secret, "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
    }  # fmt: skip
    with Server("versitygw", command, scratch, (port, "/health", False)):
        import obstore
        from obstore.store import S3Store

        there = S3Store(
            "backups", endpoint=variables["AWS_ENDPOINT_URL"], access_key_id=secret, secret_access_key=secret,
            region=variables["AWS_REGION"], client_options={"allow_http": True},
        )  # fmt: skip
        for one in expected:
            obstore.put(there, one.file, (folder / one.file).read_bytes())
        yield "s3://backups", variables


# ---- the runs


@contextmanager
def measured(cluster: DaskCluster, what: str) -> Iterator[list[Took]]:
    """Tell what something takes, with all of the cluster's processes."""
    took: list[Took] = []
    began, before = time.monotonic(), children_seconds() + cluster.seconds()
    yield took
    took.append(Took(time.monotonic() - began, children_seconds() + cluster.seconds() - before))
    print(f"{what}: {took[0].seconds:.1f} s, {took[0].processor:.1f} processor seconds", flush=True)


def killed(fleet: Fleet, scratch: Path) -> list[str]:
    """The first run, on the way of which a worker is killed, and the second, which finds all known."""
    outputs = [scratch / "first.json", scratch / "second.json"]
    cache = Path(fleet.environment["XDG_CACHE_HOME"])
    with DaskCluster(scratch, environment=fleet.environment) as cluster:
        with measured(cluster, "first run, a worker killed"):
            client = begin(fleet, [fleet.pattern], "--scheduler", cluster.address, output=outputs[0])
            wait_until(client, lambda: finished(cache) >= len(fleet.expected) // 5)
            cluster.processes[1].send_signal(signal.SIGKILL)
            client.wait()
        with measured(cluster, "second run"):
            begin(fleet, [fleet.pattern], "--scheduler", cluster.address, *_AT_ONCE, output=outputs[1]).wait()
    first, second = map(table, outputs)
    print(f"{len(first)} rows, {len({row['store'] for row in first})} stores", flush=True)
    return wrong(fleet, first) + differing(first, second)


def rates(fleet: Fleet, sample: Sequence[object], scratch: Path) -> list[str]:
    """How many times the rate of a shell loop two workers have; and whether both found the same."""
    stores = [one for one in fleet.expected if one in sample]
    alone, told = loop(fleet, stores)
    print(f"shell loop of {len(stores)}: {alone.seconds:.1f} s, {alone.processor:.1f} processor seconds", flush=True)
    output = scratch / "rate.json"
    with (
        DaskCluster(scratch, environment=fleet.environment) as cluster,
        measured(cluster, f"two workers, {len(stores)} stores") as took,
    ):
        addresses = [fleet.address(one) for one in stores]
        begin(fleet, addresses, "--scheduler", cluster.address, "--no-cache", output=output).wait()
    both = took[0]
    print(f"{alone.seconds / both.seconds:.2f} times the rate by the clock", flush=True)
    print(f"{2 * alone.processor / both.processor:.2f} times by processor seconds, on two processors", flush=True)
    rows = {row["store"]: row for row in table(output)}
    return [
        f"{one.file}: {name} is {rows[fleet.address(one)][name]}, and {count} to kstore check"
        for one, counts in zip(stores, told, strict=True)
        for name, count in counts.items()
        if rows[fleet.address(one)][name] != count
    ]
