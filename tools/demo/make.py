"""
Make the demo store: a small real cluster, written by real servers, saved as an etcd snapshot.

Knows the order of things (servers, manifests, history, what older servers left) and where the result goes. The
objects themselves are in `manifests/`; README.md beside this file says how to run it.

    python -m tools.demo.make [OUTPUT]
"""

from __future__ import annotations

import argparse
import copy
import json
import lzma
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from tools.cluster import ApiError, Client, Etcd, KubeApiserver, SampleApiserver, find
from tools.oracle.asking import Oracle

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parents[1] / "src" / "kstore" / "demo" / "demo.db.xz"

MANAGERS = {
    "Node": "kubelet",
    "Pod": "kubelet",
    "PersistentVolume": "kube-controller-manager",
    "PersistentVolumeClaim": "kube-controller-manager",
}
"""Who writes the status of a kind; other kinds' status is written by their controller's manager."""

AFTER = re.compile(r"\+(\d+(?:\.\d+)?)s")
DAILY = re.compile(r"last (\d\d):(\d\d)")
"""Times of manifests: see `dated`."""

Manifest = dict[str, Any]


def main() -> None:
    """Parse the command line and make the store."""
    parser = argparse.ArgumentParser(description="make the demo store")
    parser.add_argument("output", type=Path, nargs="?", default=OUTPUT)
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory(prefix="kstore-demo-") as folder:
        snapshot = make(Path(folder))
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(lzma.compress(snapshot, preset=9 | lzma.PRESET_EXTREME))
    print(f"{output}: {output.stat().st_size:,} bytes, {len(snapshot):,} unpacked")


def make(folder: Path) -> bytes:
    """Run the servers through the whole story; the snapshot's bytes."""
    with Etcd(find("etcd"), folder, unsafe_no_fsync="true") as etcd:
        store = EtcdControl(etcd)
        leave_all(store, "05-")
        with KubeApiserver(find("kube-apiserver"), folder, etcd.endpoint) as kube:
            client = kube.client()
            # ready the server is once its RBAC roles are written; the system's namespaces come a moment later
            until(lambda: client.request("GET", "/api/v1/namespaces/default"), "the default namespace")
            # the server's own start-up is no history that anybody wants to read
            store.compact()
            for manifest in manifests("10-", "20-", "30-", "40-"):
                put(client, manifest)
            for step in documents("50-"):
                play(client, step)
            with SampleApiserver(find("sample-apiserver"), folder, etcd.endpoint, kube) as sample:
                for manifest in manifests("60-"):
                    put(sample.client(), manifest)
        leave_all(store, "70-")
        return store.snapshot(folder / "demo.db")


def documents(*prefixes: str) -> Iterator[dict[str, Any]]:
    """The documents of the manifest files with these prefixes, in order."""
    for path in sorted((HERE / "manifests").glob("*.yaml")):
        if path.name.startswith(prefixes):
            yield from yaml.safe_load_all(path.read_text())


manifests = documents


def until(ask: Callable[[], Any], what: str, *, seconds: float = 30) -> Any:
    """Ask until the answer is neither nothing nor an error that may pass."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if answer := ask():
                return answer
        except (ApiError, KeyError, json.JSONDecodeError) as error:
            last: object = error
        else:
            last = "nothing"
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:.0f} s for {what}: {last}")
        time.sleep(0.1)


def put(client: Client, manifest: Manifest) -> None:
    """Create an object as its author would, then write its status as its controller would."""
    manifest = copy.deepcopy(manifest)
    status = manifest.pop("status", None)
    for owner in manifest["metadata"].get("ownerReferences", ()):
        named = {"name": owner["name"], "namespace": manifest["metadata"].get("namespace", "")}
        owner["uid"] = client.get({**owner, "metadata": named})["metadata"]["uid"]
    # a kind may be a CRD's, which is served a moment after it is created
    until(lambda: client.path_of(manifest), manifest["kind"])
    born = client.create(dated(manifest, datetime.now(UTC)), manager="kubectl-create")["metadata"]["creationTimestamp"]
    if manifest["kind"] == "CustomResourceDefinition":
        until(lambda: established(client.get(manifest)), "the CRD to be established")
    if status is not None:
        manager = MANAGERS.get(manifest["kind"], f"{manifest['kind'].lower()}-controller")
        change = dated({"status": status}, datetime.fromisoformat(born))
        client.merge(manifest, change, "status", manager=manager)


def dated(value: Any, born: datetime) -> Any:
    """
    A manifest with its times: `+3s` is three seconds after the object was born, `last 03:15` the last such time before.

    What a kubelet or a controller reports happened after the object was there, whenever the store is made.
    """
    if isinstance(value, dict):
        return {name: dated(each, born) for name, each in value.items()}
    if isinstance(value, list):
        return [dated(each, born) for each in value]
    if not isinstance(value, str):
        return value
    if after := AFTER.fullmatch(value):
        moment = born.replace(microsecond=0) + timedelta(seconds=float(after[1]))
        return f"{moment:%Y-%m-%dT%H:%M:%S}{f'.{moment:%f}' if '.' in after[1] else ''}Z"
    if daily := DAILY.fullmatch(value):
        moment = born.replace(hour=int(daily[1]), minute=int(daily[2]))
        return f"{moment - timedelta(days=int(moment > born)):%Y-%m-%dT%H:%M:00Z}"
    return value


def established(crd: Manifest) -> bool:
    """Whether a CRD's kind is served."""
    conditions = crd.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def play(client: Client, step: dict[str, Any]) -> None:
    """One step of the history: `create`, `patch`, `delete`, or a CRD's change of `storage` version."""
    manager = step.get("by", "kubectl-edit")
    if "create" in step:
        client.create(step["create"], manager=manager)
    elif "delete" in step:
        client.delete(step["delete"])
    elif "patch" in step:
        client.merge(step["patch"], step["change"], step.get("subresource", ""), manager=manager)
    else:
        move_storage(client, step["storage"], step["version"], manager)


def move_storage(client: Client, crd: Manifest, version: str, manager: str) -> None:
    """Make a version of a CRD its storage version, and wait until the server writes it."""
    versions = client.get(crd)["spec"]["versions"]
    for each in versions:
        each["storage"] = each["name"] == version
    client.merge(crd, {"spec": {"versions": versions}}, manager=manager)
    until(lambda: version in client.get(crd)["status"]["storedVersions"], "status.storedVersions")
    # the handler that serves the kind notices a moment later; objects created before would be in the old version
    time.sleep(2)


def leave_all(store: EtcdControl, prefix: str) -> None:
    """Put what older servers left, past the servers of today."""
    with Oracle(find("oracle")) as oracle:
        for entry in documents(prefix):
            store.put(entry["key"], leave(oracle, dated(entry, datetime.now(UTC))))


def leave(oracle: Oracle, entry: dict[str, Any]) -> bytes:
    """The bytes an older server left: as JSON just as written down, else through the real codec."""
    stored = entry["object"]
    if entry.get("media") == "json":
        return json.dumps(stored, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    version = entry.get("as", stored["apiVersion"])
    answer = oracle.ask(stored, to=[version], media=["protobuf"])
    if answer.errors:
        raise RuntimeError(f"{entry['key']}: {answer.errors}")
    return answer.protobuf[version]


class EtcdControl:
    """etcdctl, for what the story needs of it."""

    def __init__(self, etcd: Etcd) -> None:
        self._endpoint = etcd.endpoint

    def _run(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        command = [str(find("etcdctl")), "--endpoints", self._endpoint, *arguments]
        return subprocess.run(command, input=stdin, check=True, capture_output=True).stdout

    def put(self, key: str, value: bytes) -> None:
        """Put a value as it is; etcdctl reads it from standard input."""
        self._run("put", key, stdin=value)

    def revision(self) -> int:
        """The store's revision."""
        status = json.loads(self._run("endpoint", "status", "-w", "json"))
        return int(status[0]["Status"]["header"]["revision"])

    def compact(self) -> None:
        """Forget all history so far."""
        self._run("compact", str(self.revision()), "--physical")

    def snapshot(self, path: Path) -> bytes:
        """Give free pages back, save a snapshot, read it."""
        self._run("defrag")
        self._run("snapshot", "save", str(path))
        return path.read_bytes()


if __name__ == "__main__":
    main()
