"""
Snapshots of many small clusters, each different, and what a check must say of them.

Every tenth differs in kind: encrypted with each provider, encrypted with a key that nobody has, damaged in two ways,
empty; and each kind comes in every form that a backup may have. A number decides all of a store, so that the same
fleet is made anew anywhere.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import random
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import zstandard

from kstore.catalog.releases import Release
from kstore.encryption.config import read_configuration
from kstore.encryption.transformers import parse_group_resource
from kstore.object_codec import ObjectCodec
from kstore.records import Put
from kstore.scheme.scheme import Scheme
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import write_database
from tools.cluster import Etcd, find_etcd

PROVIDERS: Final = {"aescbc": 32, "aesgcm": 32, "secretbox": 32}
"""With the bytes of a key."""
TARGET: Final = "1.37"
"""The release that the fleet is checked for; of the versions that `_objects` has of a kind, it stores the first."""


@dataclass(frozen=True)
class Expected:
    """What a row of `kstore fleet check` must say of a store; numbers are None where it cannot be read."""

    file: str
    kind: str
    status: str
    error: str = ""
    """The code that the error begins with."""
    cluster: str | None = None
    release: str | None = None
    revision: int | None = None
    objects: int | None = None
    undecodable: int | None = None
    below_target: int | None = None


def make(folder: Path, count: int) -> list[Expected]:
    """Make as many stores in a folder, or read what was said of those that are there."""
    told = folder / "expected.json"
    if told.exists():
        return [Expected(**one) for one in json.loads(told.read_text())]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "keys.yaml").write_text(configuration("k"))
    with tempfile.TemporaryDirectory() as place:
        empty = _empty_snapshot(Path(place))
        found = [_make_one(number, empty, folder) for number in range(count)]
    told.write_text(json.dumps([asdict(one) for one in found], indent=1))
    return found


def configuration(name: str, first: str = "") -> str:
    """
    An EncryptionConfiguration for Secrets.

    Args:
        name: what the keys' names begin with; other names are other keys.
        first: the provider that writes.
    """
    order = sorted(PROVIDERS, key=lambda provider: provider != first)
    lines = [f"  - {provider}: {{keys: [{{name: {name}-{provider}, secret: {_secret(name, provider)}}}]}}"
             for provider in order]  # fmt: skip
    head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n"
    return head + "  providers:\n" + "\n".join(lines) + "\n  - identity: {}\n"


def _secret(name: str, provider: str) -> str:
    return base64.b64encode(random.Random(name + provider).randbytes(PROVIDERS[provider])).decode()


# ---- one store


def _make_one(number: int, empty: Path, folder: Path) -> Expected:
    kind, form = _KINDS[number % 10 if number % 50 != 9 else 10], list(_FORMS)[number // 10 % len(_FORMS)]
    chance = random.Random(number)
    objects = list(_objects(chance)) if kind != "empty" else []
    codec, wanted = _codec(), {"undecodable": 0, "below_target": 0}
    puts = []
    for key, versions, obj in objects:
        value = codec.encode(obj)
        if "/secrets/" in key and (encrypt := _encryption(kind)):
            value = encrypt(key.encode(), value)
            wanted["undecodable"] += kind == "foreign"
        wanted["below_target"] += obj["apiVersion"] != versions[0]
        puts.append(Put(key.encode(), value, 0))
    with tempfile.TemporaryDirectory() as place:
        database = Path(place) / "snapshot.db"
        with SnapshotSource(empty) as source:
            written = write_database(source, puts, database)
        data = database.read_bytes()
    name = f"cluster-{number:03}/latest.db{form}"
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(_damaged(kind, data, _FORMS[form]))
    if kind in ("torn", "flipped"):
        return Expected(name, kind, "failed", "damaged-store")
    system = [one["metadata"]["uid"] for key, _, one in objects if key.endswith("/namespaces/kube-system")]
    nodes = [one["status"]["nodeInfo"]["kubeletVersion"] for key, _, one in objects if "/minions/" in key]
    return Expected(
        name, kind, "done", "", "".join(system), ".".join(nodes[0].lstrip("v").split(".")[:2]) if nodes else "",
        written.revision, len(objects), **wanted,
    )  # fmt: skip


_KINDS: Final = (
    "aescbc", "aesgcm", "secretbox", "foreign", "torn", "plain", "plain", "plain", "flipped", "plain", "empty",
)  # fmt: skip
"""By a number's last digit; the last one is every fiftieth."""


def _encryption(kind: str) -> Callable[[bytes, bytes], bytes] | None:
    if kind in PROVIDERS:
        return _encrypting("k", kind)
    return _encrypting("lost", "aescbc") if kind == "foreign" else None


@cache
def _encrypting(name: str, provider: str) -> Callable[[bytes, bytes], bytes]:
    transformers = read_configuration(configuration(name, provider))
    return lambda key, value: transformers.encrypt(key, value, parse_group_resource("secrets"))


@cache
def _codec() -> ObjectCodec:
    return ObjectCodec(Scheme(Release(TARGET)))


def _objects(chance: random.Random) -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """
    Yield what a cluster has: keys, the versions that may be stored there, and objects in one of these.

    Half of what may be old is old. The clusters' sizes are spread evenly over their orders of magnitude.
    """
    minor, size = chance.randrange(18, 38), int(10 ** chance.uniform(0.5, 2.7))
    core = ("v1",)

    def new(versions: tuple[str, ...], kind: str, name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
        place = {"namespace": namespace} if namespace else {}
        uid = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        created = f"2026-{chance.randrange(1, 10):02}-{chance.randrange(1, 29):02}T00:00:00Z"
        metadata = {"name": name, **place, "uid": uid, "creationTimestamp": created}
        return {"apiVersion": chance.choice(versions), "kind": kind, "metadata": metadata, **more}

    for name in ("kube-system", "default", "shop"):
        yield f"/registry/namespaces/{name}", core, new(core, "Namespace", name, status={"phase": "Active"})
    for number in range(1 + size // 100):
        info = {"kubeletVersion": f"v1.{minor}.{number % 3}", **dict.fromkeys(_NODE_INFO, "x")}
        name = f"node-{number}"
        yield f"/registry/minions/{name}", core, new(core, "Node", name, status={"nodeInfo": info})
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "x", "image": "x:1"}]}}
    for number in range(size):
        name = f"{chance.choice(['cart', 'web', 'search'])}-{number}"
        spec: dict[str, Any] = {"nodeName": "node-0", "containers": [{"name": "x", "image": f"x:{number}"}]}
        yield f"/registry/pods/shop/{name}", core, new(core, "Pod", name, "shop", spec=spec)
        data = {"data": {"text": chance.randbytes(int(10 ** chance.uniform(1, 4.2))).hex()}}
        yield f"/registry/configmaps/shop/{name}", core, new(core, "ConfigMap", name, "shop", **data)
        if number % 4 == 0:
            token = {"data": {"token": base64.b64encode(chance.randbytes(30)).decode()}}
            yield f"/registry/secrets/shop/{name}", core, new(core, "Secret", name, "shop", **token)
            versions = ("apps/v1", "extensions/v1beta1")
            spec = {"selector": {"matchLabels": {"app": "x"}}, "template": template}
            yield f"/registry/deployments/shop/{name}", versions, new(versions, "Deployment", name, "shop", spec=spec)
        if number % 8 == 0:
            versions = ("batch/v1", "batch/v1beta1")
            spec = {"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": template}}}
            yield f"/registry/cronjobs/shop/{name}", versions, new(versions, "CronJob", name, "shop", spec=spec)


_NODE_INFO: Final = (
    "architecture", "bootID", "containerRuntimeVersion", "kernelVersion", "kubeProxyVersion", "machineID",
    "operatingSystem", "osImage", "systemUUID",
)  # fmt: skip


# ---- forms


def _tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        entry = tarfile.TarInfo("backup/snapshot.db")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


_FORMS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "": lambda data: data,
    ".gz": lambda data: gzip.compress(data, 1),
    ".zst": lambda data: zstandard.compress(data, 1),
    ".xz": lambda data: lzma.compress(data, preset=0),
    ".bz2": lambda data: bz2.compress(data, 1),
    ".tar.gz": _tar,
}


def _damaged(kind: str, data: bytes, form: Callable[[bytes], bytes]) -> bytes:
    """The file's bytes: whole, cut off as a full disk leaves it, or with one byte wrong below the compression."""
    if kind == "torn":
        whole = form(data)
        return whole[: len(whole) * 2 // 3]
    if kind == "flipped":
        middle = len(data) // 2
        data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    return form(data)


def _empty_snapshot(place: Path) -> Path:
    """What a new etcd saves."""
    path = place / "empty.db"
    with Etcd(find_etcd(), place / "etcd", unsafe_no_fsync="true") as etcd:
        command = [str(find_etcd("etcdctl")), "--endpoints", etcd.endpoint, "snapshot", "save", str(path)]
        subprocess.run(command, check=True, capture_output=True)
    return path
