"""
Writes src/kstore/view/columns/columns.json, the columns of each kind, from what a real kube-apiserver answers.

    python -m tools.generate_columns           # write it
    python -m tools.generate_columns --check   # 1 if it is not what would be written

Every list is asked for as a Table: it has its columns although it is empty.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.cluster import Client, Etcd, KubeApiserver, find

TARGET = Path(__file__).parents[1] / "src" / "kstore" / "view" / "columns" / "columns.json"
COMPACT = (",", ":")
EVERYTHING = {"runtime_config": "api/all=true", "feature_gates": "AllAlpha=true,AllBeta=true"}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
MOVED = {
    "DaemonSet.extensions": "DaemonSet.apps",
    "Deployment.extensions": "Deployment.apps",
    "Ingress.extensions": "Ingress.networking.k8s.io",
    "NetworkPolicy.extensions": "NetworkPolicy.networking.k8s.io",
    "ReplicaSet.extensions": "ReplicaSet.apps",
}
"""Kinds that are stored under a group that no server serves any more, and under which they are printed now."""


def main() -> int:
    """Ask, and write the file or compare it."""
    with tempfile.TemporaryDirectory(prefix="kstore-columns-") as folder:
        text = generated(Path(folder))
    if "--check" in sys.argv[1:]:
        return int(TARGET.read_text() != text)
    TARGET.write_text(text)
    print(f"{TARGET}: {len(text.splitlines())} lines")
    return 0


def generated(folder: Path) -> str:
    """The text of the file."""
    with (
        Etcd(find("etcd"), folder, unsafe_no_fsync="true") as etcd,
        KubeApiserver(find("kube-apiserver"), folder, etcd.endpoint, **EVERYTHING) as server,
    ):
        found = dict(tables(server.client()))
    found |= {old: found[new] for old, new in MOVED.items()}
    descriptions: dict[str, int] = {}
    kinds = {
        kind: [
            [one["name"], one["type"], one["format"], one["priority"],
             descriptions.setdefault(one["description"], len(descriptions))]
            for one in found[kind]
        ]
        for kind in sorted(found)
    }  # fmt: skip
    told = ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in descriptions)
    rows = ",\n".join(
        f"  {json.dumps(kind)}: {json.dumps(columns, separators=COMPACT)}" for kind, columns in kinds.items()
    )
    return f'{{\n "descriptions": [\n{told}\n ],\n "kinds": {{\n{rows}\n }}\n}}\n'


def tables(client: Client) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each kind that can be listed, in the version that its group prefers, and the columns of its table."""
    seen = set()
    for group, base in groups(client):
        for resource in client.request("GET", base)["resources"]:
            kind = ".".join(filter(None, (resource["kind"], group)))
            if "list" in resource["verbs"] and "/" not in resource["name"] and kind not in seen:
                seen.add(kind)
                answer = client.raw("GET", f"{base}/{resource['name']}", media="application/json", accept=TABLE)
                yield kind, json.loads(answer)["columnDefinitions"]


def groups(client: Client) -> Iterator[tuple[str, str]]:
    """Each group with the path of each of its versions, the preferred one first."""
    yield "", "/api/v1"
    for group in client.request("GET", "/apis")["groups"]:
        versions = [group["preferredVersion"], *group["versions"]]
        yield from ((group["name"], f"/apis/{one['groupVersion']}") for one in versions)


if __name__ == "__main__":
    raise SystemExit(main())
