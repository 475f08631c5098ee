"""The example plugin against the server whose rules it ports: the real sample-apiserver."""

from __future__ import annotations

import json

import pytest
from kstore_wardle import plugin

from kstore.catalog.releases import Release
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.records import Put
from kstore.scheme.scheme import Scheme
from kstore.source.location.address import open_source

GROUP = "wardle.example.com"
NAMESPACE = f"/apis/{GROUP}/{{}}/namespaces/default/flunders"
KEYS = f"/registry/{GROUP}/{GROUP}/flunders/default/".encode()
SPECS = {
    "plain": ("v1alpha1", {}),
    "bare": ("v1alpha1", {"reference": "a"}),
    "flunder": ("v1alpha1", {"reference": "a", "referenceType": "Flunder"}),
    "fischer": ("v1alpha1", {"reference": "b", "referenceType": "Fischer"}),
    "newer": ("v1beta1", {"fischerReference": "c", "referenceType": "Fischer"}),
    "newest": ("v1beta1", {"flunderReference": "d", "referenceType": "Flunder"}),
}


@pytest.fixture
def client(etcd_server, kube_apiserver, sample_apiserver):
    """A sample-apiserver with a Flunder of each sort."""
    kube = kube_apiserver(etcd_server)
    server = sample_apiserver(etcd_server, kube).client()
    for name, (version, spec) in SPECS.items():
        flunder = {"apiVersion": f"{GROUP}/{version}", "kind": "Flunder", "metadata": {"name": name}, "spec": spec}
        server.request("POST", NAMESPACE.format(version), flunder)
    return server


def test_migrated_flunders_are_the_servers_own(client, etcd_server):
    """What the plugin makes of stored Flunders is what the server serves, and the server reads what it wrote."""
    codec = ObjectCodec(Scheme(Release("1.37"), plugins=[plugin]))
    newer, older = GroupVersion(GROUP, "v1beta1"), GroupVersion(GROUP, "v1alpha1")
    served = {name: client.request("GET", f"{NAMESPACE.format('v1beta1')}/{name}") for name in SPECS}
    with open_source(etcd_server.endpoint) as source:
        for record in list(source.scan(KEYS)):
            name = record.key.removeprefix(KEYS).decode()
            assert codec.encode(codec.decode(record.value).object, "json") == record.value
            assert codec.convert(record.value, older, media_type="json") == record.value
            migrated = codec.convert(record.value, newer, media_type="json")
            shown = served[name]
            shown["metadata"].pop("resourceVersion")
            assert json.loads(migrated) == shown
            assert source.commit([Put(record.key, migrated, record.mod_revision, record.lease)]).succeeded
    for name, expected in served.items():
        found = client.request("GET", f"{NAMESPACE.format('v1beta1')}/{name}")
        assert found["spec"] == expected["spec"]
    assert len(served) == len(SPECS)
