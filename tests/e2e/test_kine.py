"""A cluster that a real kube-apiserver keeps in a real kine: its file has what the server lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import Kine
from tests.source.sqlite.test_kine import assert_as_served, copied_at_rest
from tools.cluster import KubeApiserver

from kstore.catalog.releases import newest
from kstore.codec import StoredObject
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource
from kstore.source.location.address import open_source
from kstore.store import Store


def test_a_cluster_in_kine(start_kine: Callable[..., Kine], server: Callable[[str], Path], tmp_path: Path) -> None:
    """ConfigMaps that were created, changed and deleted: their names and values, and all else byte for byte."""
    binary, kine = server("kube-apiserver"), start_kine(compact_interval="2s", compact_min_retain="30")
    with KubeApiserver(binary, tmp_path / "apiserver", kine.endpoint) as apiserver:
        client = apiserver.client()
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        manifests = [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}", "namespace": "shop"}}
            for number in range(12)
        ]
        for manifest in manifests:
            client.create({**manifest, "data": {"n": "0"}})
        for manifest in manifests[::2]:
            client.merge(manifest, {"data": {"n": "1"}})
        for manifest in manifests[::3]:
            client.delete(manifest)
        answer = client.request("GET", "/api/v1/namespaces/shop/configmaps")
        listed = {one["metadata"]["name"]: one["data"]["n"] for one in answer["items"]}
    copy = copied_at_rest(kine, tmp_path, 30)
    with LiveSource([kine.endpoint]) as live:
        assert_as_served(kine, copy, live)
    with open_source(str(copy)) as source:
        store = Store(source, Scheme(newest()))
        found = {}
        for one in store.objects(store.resources("configmaps")[0]):
            assert isinstance(one, StoredObject)
            if one.object["metadata"].get("namespace") == "shop":
                found[one.object["metadata"]["name"]] = one.object["data"]["n"]
    assert found == listed
    assert len(found) == 8
