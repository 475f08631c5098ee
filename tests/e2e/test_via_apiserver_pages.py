"""
What a real apiserver rewrites where lists take several pages, and names need encoding.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tools.cluster import Etcd, write_kubeconfig

from kstore.catalog.mapper import NamedResource, ResourceMapper
from kstore.catalog.releases import Release
from kstore.catalog.resources import resources_of
from kstore.migrate.apiserver import Apiserver
from kstore.migrate.via_apiserver import ViaApiserver
from kstore.object_codec import ObjectCodec
from kstore.records import Put
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource
from kstore.write.progress import Stop

OBJECTS = 1100
"""More than two pages of 500."""
STRANGE = ("ops#1", "why?x=1", "a b", "a&b=c", "system:ü")

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


class Compacting(Stop):
    """Looked at after each page: then the store is changed, and compacted."""

    def __init__(self, source: LiveSource) -> None:
        super().__init__()
        self._source = source
        self.compactions = 0

    @property
    def asked(self) -> bool:
        """Never; but what was listed is gone."""
        done = self._source.commit([Put(f"/elsewhere/{self.compactions}".encode(), b"x", 0)])
        self._source.client.compact(done.revision)
        self.compactions += 1
        return False


def store(etcd: Etcd, release: str, objects: dict[str, dict[str, Any]]) -> None:
    """Write objects as JSON, which the server would write as protobuf."""
    codec = ObjectCodec(Scheme(Release(release)))
    with LiveSource([etcd.endpoint]) as source:
        for start in range(0, len(objects), 100):
            page = list(objects.items())[start : start + 100]
            puts = [Put(key.encode(), codec.encode(obj, "json"), 0) for key, obj in page]
            assert source.commit(puts).succeeded


def encodings(etcd: Etcd, prefix: str) -> list[str]:
    """In which encodings what lies below a prefix is stored."""
    with LiveSource([etcd.endpoint]) as source:
        return ["json" if one.value.startswith(b"{") else "protobuf" for one in source.scan(prefix.encode())]


def resource(name: str, release: str) -> NamedResource:
    """A built-in resource."""
    (found,) = ResourceMapper(resources_of(Release(release))).find(name)
    return found


@pytest.mark.parametrize("release", ["1.37", "1.29"])
def test_pages_that_expire_and_names_that_need_encoding(
    release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any], tmp_path: Path
) -> None:
    """Every object is written as protobuf: also past a compaction between two pages, and whatever it is called."""
    maps = {
        f"/registry/configmaps/default/c{number:04}": {
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": f"c{number:04}", "namespace": "default", "uid": f"u{number}",
                         "creationTimestamp": "2020-01-01T00:00:00Z"},
        }
        for number in range(OBJECTS)
    }  # fmt: skip
    roles = {
        f"/registry/clusterroles/{name}": {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name, "uid": f"u-{name}", "creationTimestamp": "2020-01-01T00:00:00Z"},
            "rules": [],
        }
        for name in STRANGE
    }  # fmt: skip
    store(etcd_server, release, {**maps, **roles})
    # without its cache the server lists from etcd, page by page, as it does for what is not cached
    server = kube_apiserver(etcd_server, release=release, watch_cache="false")
    kubeconfig = str(write_kubeconfig(tmp_path / "kubeconfig", server.port))
    with LiveSource([etcd_server.endpoint]) as source:
        stop = Compacting(source)
        found = ViaApiserver(Apiserver(kubeconfig), stop=stop).rewrite(resource("configmaps", release), "default")
    assert stop.compactions >= 3
    assert (found.written, found.refused) == (OBJECTS, [])
    assert set(encodings(etcd_server, "/registry/configmaps/default/c")) == {"protobuf"}
    found = ViaApiserver(Apiserver(kubeconfig)).rewrite(resource("clusterroles", release))
    assert found.refused == []
    assert found.written >= len(STRANGE)
    assert set(encodings(etcd_server, "/registry/clusterroles/")) == {"protobuf"}
