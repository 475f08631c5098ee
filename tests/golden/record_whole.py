"""
Records whole objects of every kind, as the real server of a release takes and answers them:

    python -m tests.golden.record_whole 1.37 1.33 1.29

They are made of `seeds.py` and of what the demo store holds (`growing.py`). Each object is a line. Needs the real
servers; whoever reads the objects needs none.
"""

from __future__ import annotations

import json
import lzma
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e.conftest import KUBE_APISERVERS, SERVING_ALL
from tests.golden.growing import Ask, Grower, seeds
from tools.cluster import ApiError, Client, Etcd, KubeApiserver, find

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.codec import StoredObject
from kstore.naming import GroupVersion, GroupVersionKind, gvk
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme
from kstore.source.location.demo import open_demo
from kstore.store import Store

Object = dict[str, Any]
HERE = Path(__file__).parent
NOT_CREATED = {"RangeAllocation", "ComponentStatus"}
"""Kinds that no client creates."""
WITHOUT_STATUS = {"CustomResourceDefinition", "APIService", "Namespace"}
"""Kinds whose controllers, within the server, write the status at once."""


def main() -> None:
    """Record the objects of each release that is named."""
    for release in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            lines = [json.dumps(one, separators=(",", ":")) + "\n" for one in record(release, Path(folder))]
        path = HERE / f"whole-{release}.jsonl.xz"
        path.write_bytes(lzma.compress("".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
        print(f"{path}: {len(lines)} objects")  # noqa: T201 - a command


def record(release: str, folder: Path) -> list[Object]:
    """The whole objects of one release."""
    catalog = Catalog(Release(release))
    with Etcd(find("etcd"), folder / "etcd") as etcd:
        binary = find(KUBE_APISERVERS[release])
        with KubeApiserver(binary, folder / "server", etcd.endpoint, **SERVING_ALL[release]) as server:
            client = server.client()
            found = []
            small_ones = list(seeds(catalog))
            for small in [*small_ones, *_of_demo(release, {one["kind"] for one in small_ones})]:
                whole = _whole(client, catalog, small)
                print(release, small["kind"], "refused" if whole is None else len(json.dumps(whole)), flush=True)  # noqa: T201
                if whole is not None:
                    found.append(whole)
            return found


def _whole(client: Client, catalog: Catalog, small: Object) -> Object | None:
    """Grown where it is created, then, created, where its status is written."""
    type_name = catalog.kind(gvk(small["apiVersion"], small["kind"])).type
    creating = _asking(client, "POST", client.path_of(small, named=False))
    found = Grower(catalog, type_name, creating).grown(small, lambda name: name != "status")
    if found is None or small["kind"] in WITHOUT_STATUS:
        return found
    try:
        created = client.create({**found, "metadata": small["metadata"]})
    except ApiError:
        return found
    try:
        status = _asking(client, "PUT", client.path_of(created, "status"))
        with_status = Grower(catalog, type_name, status).grown(created, lambda name: name == "status")
        return with_status or created
    finally:
        client.delete(created)


def _asking(client: Client, method: str, path: str) -> Ask:
    def ask(obj: Object) -> tuple[Object | None, list[Object]]:
        metadata = {
            name: value for name, value in obj["metadata"].items() if name not in ("resourceVersion", "managedFields")
        }
        if method == "POST":
            metadata.pop("uid", None)
        try:
            return client.request(method, f"{path}?dryRun=All&fieldManager=kstore", {**obj, "metadata": metadata}), []
        except ApiError as error:
            try:
                answer = json.loads(error.body)
            except ValueError:
                return None, []
            return None, (answer.get("details") or {}).get("causes") or []

    return ask


def _of_demo(release: str, seeded: set[str]) -> list[Object]:
    """What the demo store holds, one object of a kind, as the release would be asked to create it."""
    scheme = Scheme(Release(release))
    codec = ObjectCodec(scheme)
    found: dict[str, Object] = {}
    with open_demo() as source:
        for read in Store(source, scheme).under("/registry"):
            if not isinstance(read, StoredObject) or read.gvk.kind in found.keys() | seeded | NOT_CREATED:
                continue
            version = served_version(scheme, read.gvk)
            if version is not None:
                found[read.gvk.kind] = _small(_parsed(codec.convert_object(read.plain, version)))
    return list(found.values())


def served_version(scheme: Scheme, name: GroupVersionKind) -> GroupVersion | None:
    """A version that the release serves a kind in: the one that it stores, if it can be."""
    stored = scheme.stored_as(name)
    served = [one.group_version for one in scheme.targets(name) if scheme.catalog.serves(one)]
    return next(iter(sorted(served, key=lambda one: one != stored)), None) if stored else None


def _parsed(obj: Object) -> Object:
    """An object in plain JSON, raw JSON within it parsed."""
    found: Object = json.loads(json.dumps(obj, default=lambda raw: json.loads(raw.data)))
    return found


def _small(obj: Object) -> Object:
    """An object without what servers give to it."""
    names = ("name", "namespace", "labels", "annotations")
    metadata = {name: obj["metadata"][name] for name in names if name in obj["metadata"]}
    if "namespace" in metadata:
        metadata["namespace"] = "default"
    found = {**obj, "metadata": {**metadata, "name": "seed"}}
    found.pop("status", None)
    for member in ("clusterIP", "clusterIPs", "nodeName"):
        (found.get("spec") or {}).pop(member, None)
    return found


if __name__ == "__main__":
    main()
