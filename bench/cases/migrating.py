"""
Deployments to apps/v1 in a running etcd, beside GET and PUT of each through a kube-apiserver.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.cluster import Etcd, KubeApiserver

from bench import data
from bench.command import KSTORE, kstore
from bench.peers import etcd_program, path_of
from bench.rows import Contender, Missing, Row, made, prints


def migrating(folder: Path, count: int) -> Iterator[Row]:
    """One row: kstore, one writer, eight writers."""
    with TemporaryDirectory(dir=folder) as temporary:
        place = Path(temporary)
        with Etcd(etcd_program(), place, quota_backend_bytes=data.QUOTA) as etcd:
            data.fill_with(etcd, "deployment", count)  # an apiserver that lists them must find them when it starts
            apiserver = path_of("kube-apiserver")
            if apiserver is None:
                yield _row(folder, place, count, etcd, [Missing("kube-apiserver")])
                return
            with KubeApiserver(Path(apiserver), place / "kube-apiserver", etcd.endpoint) as server:
                peers = [put_back(server, etcd, writers, min(most, count)) for writers, most in ((1, 500), (8, 2000))]
                yield _row(folder, place, count, etcd, peers)


def _row(folder: Path, place: Path, count: int, etcd: Etcd, peers: Sequence[Contender | Missing]) -> Row:
    journal = place / "bench.journal"

    def written() -> int:
        status = [*KSTORE, "--store", etcd.endpoint, "migrate", "status", str(journal), "-o", "json"]
        return int(json.loads(subprocess.run(status, check=True, capture_output=True, text=True).stdout)["written"])

    def before() -> None:
        journal.unlink(missing_ok=True)
        data.fill_with(etcd, "deployment", count)

    return Row(
        "migrate",
        "Deployments of a running etcd from apps/v1beta1 to apps/v1",
        kstore(
            folder, etcd.endpoint, "migrate", "--to", "apps/v1", "--yes", "--journal", str(journal),
            proof=made(written, count), units=count, before=before,
        ),
        "The peer is what the storage version migrator does: each object read and sent back through an apiserver, here "
        "a 1.37.2, by one writer and by eight; a sample of them, and an object's share of the time is compared.",
        peers=peers,
        limit="A profile of all processes over 6,000 Deployments: 56 % converts, of which two fifths are managedFields "
        "as a server writes them on an update; 8 % waits for etcd, 5 % passes values between processes, 2 % syncs the "
        "journal, and 16 % are threads that wait. Of the conversion 33 % reads protobuf, 36 % writes it, 18 % sets "
        "defaults, and no function takes more than 5 % by itself. Tried: Cython and mypyc, and bytes copied unread "
        "(`docs/architecture.md`, Exceptions).",
        aim=60,
    )  # fmt: skip


def put_back(server: KubeApiserver, etcd: Etcd, writers: int, sample: int) -> Contender:
    """So many writers that send Deployments back through an apiserver."""
    return Contender(
        f"GET and PUT, {writers} at once",
        (sys.executable, "-m", "bench.put_back", str(server.port), str(writers), str(sample)),
        f"python -m bench.put_back PORT {writers} {sample}",
        prints(sample),
        sample,
        before=lambda: data.fill_with(etcd, "deployment", sample),
    )
