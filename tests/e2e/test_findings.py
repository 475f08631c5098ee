"""
What `check` says that a server's next update does, and no migration can do before it: judged by a real server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.inspect.findings.matrix import DEFINITION, MATRIX, Store
from tools.cluster import ApiError, Client, Etcd

from kstore.catalog.releases import Release
from kstore.customresource.unstructured import normalize, write
from kstore.object_codec import ObjectCodec
from kstore.records import Delete, Put
from kstore.scheme.registry import RunningServer
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource

JUDGED = {"removed-by-update", "unallocated", "untolerating"}


def stores() -> Iterator[tuple[str, Store, bool]]:
    """Each store of the findings' matrix, and whether the finding is true of its object."""
    for case in MATRIX:
        if case.finding in JUDGED:
            yield f"{case.finding}: {case.name}", case.true, True
            for name, near in case.near_misses.items():
                yield f"{case.finding}: {case.name}, not {name}", near, False


def settled(codec: ObjectCodec, obj: dict[str, Any]) -> bytes:
    """The object as a migration leaves it, so that only what is judged is left to be done."""
    metadata = {**obj["metadata"], "creationTimestamp": "2020-01-01T00:00:00Z"}
    whole = {**obj, "metadata": metadata}
    if obj["kind"] == "Lamp":
        return write(normalize({**whole, "metadata": {**metadata, "generation": 1}}))
    if obj["kind"] == "ConfigMap":
        whole.pop("spec", None)  # as another kind's, for the near miss that is no pod
    return codec.convert_typed(codec.encode(whole), server=RunningServer())[1]


def lamps(version: str) -> dict[str, Any]:
    """The CRD of the matrix's lamps, for a server's API."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": DEFINITION.rpartition("/")[2]},
        "spec": {
            "group": "lab.example.com", "scope": "Namespaced", "names": {"plural": "lamps", "kind": "Lamp"},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }  # fmt: skip


def patch(client: Client, obj: dict[str, Any]) -> None:
    """The migrator's patch."""
    path = client.path_of(obj)
    found = client.request("GET", path)["metadata"]
    identity = {name: found[name] for name in ("uid", "resourceVersion")}
    client.request("PATCH", path, {"metadata": identity}, media="application/merge-patch+json")


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_the_server_does_as_is_said(release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any]) -> None:
    """An update that asks for nothing moves, or removes, just those objects of which the finding is true."""
    client = kube_apiserver(etcd_server, release=release).client()
    client.create(lamps("v1"))
    codec = ObjectCodec(Scheme(Release(release)))
    told: dict[str, bool] = {}
    done: dict[str, bool | str] = {}
    with LiveSource([etcd_server.endpoint]) as source:
        for name, store, is_true in stores():
            ((key, obj),) = [(key, one) for key, one in store.values.items() if key != DEFINITION]
            assert isinstance(obj, dict)
            revision = source.commit([Put(key.encode(), settled(codec, obj), 0)]).revision
            told[name] = is_true
            try:
                patch(client, obj)
            except ApiError as error:
                done[name] = str(error)
            record = source.get(key.encode())
            done.setdefault(name, record is None or record.mod_revision != revision)
            if record is not None:
                assert source.commit([Delete(key.encode(), record.mod_revision)]).succeeded
    assert done == told
