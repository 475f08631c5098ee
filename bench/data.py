"""
What is measured: copies of a real Pod and a real Deployment, as values and as an etcd database.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.cluster import Etcd, find_etcd

from kstore.catalog.releases import newest
from kstore.decode.json import go_json
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

SHARED = Path(os.environ.get("KSTORE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
NAME = b"frontend-000000"
NAMESPACE = "bench"
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


def fill_with(etcd: Etcd, kind: str, count: int, *, revisions: int) -> None:
    """Write copies of a template, each as often as it shall have revisions."""
    from kstore.records import Put
    from kstore.source.etcd.live import LiveSource

    found: dict[bytes, int] = {}
    with LiveSource([etcd.endpoint]) as source:
        for _ in range(revisions):
            batch: list[Put] = []
            for number, copy in enumerate(copies(templates()[kind], count)):
                key = PREFIXES[kind] + b"frontend-%06d" % number
                batch.append(Put(key, copy, found.get(key, 0)))
                if len(batch) == 128 or number == count - 1:
                    revision = source.commit(batch).revision
                    found.update((put.key, revision) for put in batch)
                    batch = []


def snapshot(folder: Path, count: int) -> Path:
    """A snapshot of an etcd that was filled, as etcdctl saves it."""
    path = folder / f"filled-{count}.db"
    if not path.exists():
        with Etcd(find_etcd(), folder / "etcd", quota_backend_bytes=str(8 << 30)) as etcd:
            fill(etcd, count)
            subprocess.run(
                [str(find_etcd("etcdctl")), "--endpoints", etcd.endpoint, "snapshot", "save", str(path)],
                check=True,
                capture_output=True,
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
