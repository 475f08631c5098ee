"""
Sets of fields that no server wrote: what a real one makes of them at an update that asks for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.test_findings import patch
from tests.scheme.test_field_sets import UNREADABLE, WRITTEN
from tools.cluster import Etcd

from kstore.catalog.releases import Release
from kstore.decode.json.raw_json import RawJSON
from kstore.object_codec import ObjectCodec
from kstore.records import Put
from kstore.scheme.registry import RunningServer
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource


def config_map(name: str, text: str) -> dict[str, Any]:
    """A config map of two managers, of whom one owns what the text says."""
    entry = {"operation": "Update", "apiVersion": "v1", "time": "2020-01-02T03:04:05Z", "fieldsType": "FieldsV1"}
    entries = [
        {"manager": "odd", **entry, "fieldsV1": RawJSON(text.encode())},
        {"manager": "usual", **entry, "fieldsV1": RawJSON(b'{"f:data":{}}')},
    ]
    metadata = {"name": name, "namespace": "default", "uid": name, "creationTimestamp": "2020-01-01T00:00:00Z"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "managedFields": entries}}


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_what_a_server_writes(release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any]) -> None:
    """The bytes are a migration's; and those of a migration are left."""
    client = kube_apiserver(etcd_server, release=release).client()
    codec = ObjectCodec(Scheme(Release(release)))
    different: dict[str, Any] = {}
    with LiveSource([etcd_server.endpoint]) as source:
        for at, text in enumerate([*(stored for stored, _ in WRITTEN), *UNREADABLE]):
            obj = config_map(f"c{at}", text)
            key = f"/registry/configmaps/default/c{at}".encode()
            value = codec.encode(obj)
            assert source.commit([Put(key, value, 0)]).succeeded
            patch(client, obj)
            written = source.get(key)
            made = codec.convert_typed(value, server=RunningServer())[1]
            assert written is not None
            if written.value != made:
                different[text] = codec.decode(written.value).object, codec.decode(made).object
            patch(client, obj)
            assert source.get(key) == written
    assert different == {}
