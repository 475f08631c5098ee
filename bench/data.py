"""
What is measured: copies of a real Pod and a real Deployment, as values and as an etcd database.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.cluster import Etcd, ServerMissing

from bench.peers import etcd_program
from kstore.catalog.releases import newest
from kstore.decode.json import go_json
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

SHARED = Path(os.environ.get("KSTORE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
NAME = b"frontend-000000"
NAMESPACE = "bench"
QUOTA = str(16 << 30)
"""Bytes that an etcd may have: a million objects of two revisions fit."""
PREFIXES = {kind: f"/registry/{kind}s/{NAMESPACE}/".encode() for kind in ("pod", "deployment")}


def templates() -> dict[str, bytes]:
    """
    A stored Pod and a stored Deployment of apps/v1beta1, each named `frontend-000000`.

    The shared ones where they are beside the checkout, since the peers' known figures are of those; else the demo's.
    """
    path = SHARED / "bench" / "templates.json"
    if path.exists():
        stored = json.loads(path.read_text())
        return {"pod": base64.b64decode(stored["pod"]), "deployment": base64.b64decode(stored["apps/v1beta1"])}
    return demo_templates()


def demo_templates() -> dict[str, bytes]:
    """The same of the demo store, which is everywhere."""
    codec = ObjectCodec(Scheme(newest()))
    demo = dict(demo_values())
    deployment = codec.convert(demo["/registry/deployments/default/webserver"], GroupVersion("apps", "v1beta1"))
    values = {"pod": demo["/registry/pods/default/webserver"], "deployment": deployment}
    return {name: renamed(codec, value) for name, value in values.items()}


def demo_values() -> Iterator[tuple[str, bytes]]:
    """Every key and value of the demo store."""
    from kstore.source.location.demo import open_demo

    with open_demo() as source:
        for record in source.scan():
            yield record.key.decode(), record.value


def renamed(codec: ObjectCodec, value: bytes) -> bytes:
    """The same object under the template's name, in the namespace that its copies' keys name."""
    obj = json.loads(go_json.dumps(codec.decode(value).object))
    obj["metadata"] |= {"name": NAME.decode(), "namespace": NAMESPACE}
    return codec.encode(obj)


def copies(value: bytes, count: int) -> Iterator[bytes]:
    """Copies of a template, each with a name of its own and the same length."""
    for number in range(count):
        yield value.replace(NAME, b"frontend-%06d" % number)


class Inputs:
    """
    Copies of a template in the forms that the programs read, each in a file, written when it is first asked for.

    Args:
        folder: where the files are.
        kind: of the template.
        count: how many copies.
        templates: what gives the templates.
    """

    def __init__(
        self, folder: Path, kind: str, count: int, templates: Callable[[], dict[str, bytes]] = templates
    ) -> None:
        self._folder = folder
        self._kind = kind
        self._count = count
        self._templates = templates

    def lines(self) -> Path:
        """What kstore's filters read with `--batch`."""
        return self._file("lines", lambda value: b'{"value": "%b"}' % base64.b64encode(value))

    def hex(self) -> Path:
        """What auger reads: a value a line."""
        return self._file("hex", lambda value: value.hex().encode())

    def objects(self) -> Path:
        """The objects as JSON, a line each."""
        codec = ObjectCodec(Scheme(newest()))
        return self._file("json", lambda value: go_json.dumps(codec.decode(value).object))

    def _file(self, form: str, line: Callable[[bytes], bytes]) -> Path:
        path = self._folder / f"{self._kind}s-{self._count}.{form}"
        if not path.exists():
            with path.open("wb") as file:
                file.writelines(line(value) + b"\n" for value in copies(self._templates()[self._kind], self._count))
        return path


def fill(etcd: Etcd, count: int) -> None:
    """Write `count` Deployments, and `count` Pods in two revisions each, into an etcd."""
    fill_deployments(etcd, count)
    fill_with(etcd, "pod", count, revisions=2)


def fill_deployments(etcd: Etcd, count: int) -> None:
    """Write `count` Deployments of apps/v1beta1 into an etcd."""
    fill_with(etcd, "deployment", count, revisions=1)


def fill_with(etcd: Etcd, kind: str, count: int, *, revisions: int = 1, every: int = 1, changed: bool = False) -> None:
    """
    Write copies of a template into an etcd, whatever is there.

    Args:
        etcd: where to.
        kind: of the template.
        count: how many copies there are.
        revisions: how often each is written.
        every: 10 writes every tenth.
        changed: write them with one label more.
    """
    from kstore.records import Put
    from kstore.source.etcd.live import LiveSource

    template = labelled(templates()[kind]) if changed else templates()[kind]
    with LiveSource([etcd.endpoint]) as source:
        found = {record.key: record.mod_revision for record in source.scan(PREFIXES[kind])}
        for _ in range(revisions):
            puts = (
                Put(key, copy, found.get(key, 0))
                for number, copy in enumerate(copies(template, count))
                if number % every == 0 and (key := PREFIXES[kind] + b"frontend-%06d" % number)
            )
            while batch := list(islice(puts, 128)):
                committed = source.commit(batch)
                if not committed.succeeded:
                    raise RuntimeError("another program writes into the etcd that is filled")
                found.update((put.key, committed.revision) for put in batch)


def labelled(value: bytes) -> bytes:
    """The same object, of the same version, with one label more."""
    codec = ObjectCodec(Scheme(newest()))
    obj = json.loads(go_json.dumps(codec.decode(value).object))
    obj["metadata"].setdefault("labels", {})["changed"] = "yes"
    return codec.encode(obj)


def snapshot(folder: Path, count: int) -> Path:
    """A snapshot of an etcd that was filled, as etcdctl saves it."""
    return _snapshots(folder, count)[0]


def changed_snapshot(folder: Path, count: int) -> Path:
    """A later snapshot of the same etcd, in which every tenth Deployment differs."""
    return _snapshots(folder, count)[1]


def _snapshots(folder: Path, count: int) -> tuple[Path, Path]:
    before, after = folder / f"filled-{count}.db", folder / f"changed-{count}.db"
    if not before.exists() or not after.exists():
        with (
            TemporaryDirectory(dir=folder) as place,
            Etcd(etcd_program(), Path(place), quota_backend_bytes=QUOTA) as etcd,
        ):
            fill(etcd, count)
            save(etcd, before)
            fill_with(etcd, "deployment", count, every=10, changed=True)
            save(etcd, after)
    return before, after


def save(etcd: Etcd, path: Path) -> None:
    """Have etcdctl save a snapshot; it is there when it is whole."""
    unfinished = path.with_suffix(".unfinished")
    subprocess.run(
        [str(etcd_program("etcdctl")), "--endpoints", etcd.endpoint, "snapshot", "save", str(unfinished)],
        check=True,
        capture_output=True,
    )
    unfinished.rename(path)


@contextmanager
def restored(folder: Path, count: int) -> Iterator[Etcd]:
    """An etcd that serves what etcdutl restores of the snapshot; whatever is written into it goes with it."""
    try:
        tool = etcd_program("etcdutl")
    except ServerMissing:  # 3.4 has none
        tool = etcd_program("etcdctl")
    with TemporaryDirectory(dir=folder) as place:
        command = [str(tool), "snapshot", "restore", str(snapshot(folder, count)), "--data-dir", f"{place}/etcd"]
        subprocess.run(command, check=True, capture_output=True)
        with Etcd(etcd_program(), Path(place), quota_backend_bytes=QUOTA) as etcd:
            yield etcd


def encryption_config(folder: Path) -> Path:
    """An EncryptionConfiguration that has Pods encrypted."""
    path = folder / "encryption.yaml"
    key = base64.b64encode(bytes(range(32))).decode()
    path.write_text(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n"
        "- resources: [pods]\n  providers:\n"
        f"  - aesgcm: {{keys: [{{name: bench, secret: {key}}}]}}\n  - identity: {{}}\n"
    )
    return path


def small_stores(folder: Path, count: int) -> list[Path]:
    """Copies of the demo store, each a file."""
    from kstore.source.location.demo import unpacked

    content = unpacked().read_bytes()
    stores = [folder / f"small-{number:03}.db" for number in range(count)]
    for store in stores:
        if not store.exists():
            store.write_bytes(content)
    return stores
