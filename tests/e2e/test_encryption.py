"""
Encryption at rest with a real kube-apiserver: it reads what kstore encrypted, and finds nothing to write.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.encryption.conftest import configuration, keyed
from tools.cluster import Client, Etcd, KubeApiserver, ServerMissing, find
from tools.kms_plugin import KmsPlugin

from kstore.encryption.config import load_configuration
from kstore.encryption.prefix import EncryptionHeader, read_encryption_header
from kstore.naming import GroupResource
from kstore.records import Put
from kstore.source.etcd.live import LiveSource

pytestmark = [pytest.mark.e2e, pytest.mark.etcd]

PREFIXES = {
    b"/registry/secrets/": GroupResource("", "secrets"),
    b"/registry/configmaps/": GroupResource("", "configmaps"),
    b"/registry/serviceaccounts/": GroupResource("", "serviceaccounts"),
    b"/registry/deployments/": GroupResource("apps", "deployments"),
    b"/registry/roles/": GroupResource("rbac.authorization.k8s.io", "roles"),
}
DEPLOYMENT: dict[str, Any] = {
    "selector": {"matchLabels": {"app": "web"}},
    "template": {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "example.com/web:1"}]},
    },
}


@pytest.fixture(scope="module")
def apiserver_binary() -> Path:
    """A kube-apiserver 1.37."""
    try:
        return find("kube-apiserver")
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def plugin() -> Iterator[KmsPlugin]:
    """A KMS plugin that apiserver and kstore share."""
    with tempfile.TemporaryDirectory(prefix="kms") as folder, KmsPlugin(Path(folder) / "k.sock") as running:
        yield running


def fill(client: Client) -> None:
    """Objects of each of the resources that are encrypted differently."""
    for number in range(3):
        name = {"name": f"trial-{number}", "namespace": "default"}
        for kind, body in (("Secret", {"stringData": {"password": f"p{number}"}}), ("ConfigMap", {"data": {"a": "b"}})):
            client.request(
                "POST", client.path("v1", kind, "default"), {"apiVersion": "v1", "kind": kind, "metadata": name, **body}
            )
        client.request("POST", client.path("v1", "ServiceAccount", "default"), {"metadata": name})
        client.request("POST", client.path("apps/v1", "Deployment", "default"), {"metadata": name, "spec": DEPLOYMENT})


def objects(client: Client) -> dict[str, Any]:
    """All objects of the encrypted resources as the server gives them."""
    kinds = (
        ("v1", "Secret"),
        ("v1", "ConfigMap"),
        ("v1", "ServiceAccount"),
        ("apps/v1", "Deployment"),
        ("rbac.authorization.k8s.io/v1", "Role"),
    )
    found = {}
    for version, kind in kinds:
        for item in client.request("GET", client.path(version, kind))["items"]:
            del item["metadata"]["resourceVersion"]
            found[f"{kind}/{item['metadata']['namespace']}/{item['metadata']['name']}"] = item
    return found


def test_an_apiserver_reads_what_kstore_encrypted(
    start_etcd: Callable[..., Etcd], apiserver_binary: Path, plugin: KmsPlugin, tmp_path: Path
) -> None:
    """A cluster encrypted one way, encrypted another way by kstore, is the same to an apiserver with the new keys."""
    etcd = start_etcd()
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    identity = "{identity: {}}"
    old.write_text(
        configuration(
            ("secrets", keyed("aescbc", ("one", 1))),
            ("configmaps", keyed("secretbox", ("one", 2))),
            ("deployments.apps", f"{{kms: {{apiVersion: v2, name: before, endpoint: '{plugin.endpoint}'}}}}"),
        )
    )
    new.write_text(
        configuration(
            ("secrets", keyed("aesgcm", ("two", 3))),
            ("configmaps", keyed("aescbc", ("two", 4))),
            ("serviceaccounts", keyed("secretbox", ("two", 5))),
            ("deployments.apps", f"{{kms: {{apiVersion: v2, name: after, endpoint: '{plugin.endpoint}'}}}}"),
            ("roles.rbac.authorization.k8s.io", f"{keyed('aesgcm', ('two', 6))}"),
            ("'*.*'", identity),
        )
    )
    with KubeApiserver(
        apiserver_binary, tmp_path / "first", etcd.endpoint, encryption_provider_config=str(old)
    ) as server:
        fill(server.client())
        before = objects(server.client())
    with (
        load_configuration(old) as opens,
        load_configuration(new) as transformers,
        LiveSource([etcd.endpoint]) as source,
    ):
        for prefix, resource in PREFIXES.items():
            for record in list(source.scan(prefix)):
                plain = opens.open(record.key, record.value, resource).plain
                value = transformers.encrypt(record.key, plain, resource)
                assert source.commit([Put(record.key, value, record.mod_revision, record.lease)]).succeeded
        with KubeApiserver(
            apiserver_binary, tmp_path / "second", etcd.endpoint, encryption_provider_config=str(new)
        ) as server:
            client = server.client()
            assert objects(client) == before
            revisions = {record.key: record.mod_revision for prefix in PREFIXES for record in source.scan(prefix)}
            for version, kind in (("v1", "Secret"), ("apps/v1", "Deployment")):
                for item in client.request("GET", client.path(version, kind))["items"]:
                    path = client.path(version, kind, item["metadata"]["namespace"], item["metadata"]["name"])
                    client.request("PUT", path, item)
            after = {record.key: record.mod_revision for prefix in PREFIXES for record in source.scan(prefix)}
            assert after == revisions, "the apiserver found a value stale and wrote it anew"
            encrypted_by = {read_encryption_header(record.value) for record in source.scan(b"/registry/deployments/")}
            assert encrypted_by == {EncryptionHeader("kms", "after", "v2", "first")}


def test_what_has_no_api_is_never_encrypted(
    start_etcd: Callable[..., Etcd], apiserver_binary: Path, tmp_path: Path
) -> None:
    """With `*.*` encrypted, allocations of addresses and ports stay plain, the rest opens with one configuration."""
    etcd = start_etcd()
    path = tmp_path / "all.yaml"
    path.write_text(configuration(("'*.*'", keyed("aesgcm", ("all", 1)))))
    with KubeApiserver(
        apiserver_binary, tmp_path / "server", etcd.endpoint, encryption_provider_config=str(path)
    ) as server:
        fill(server.client())
    transformers = load_configuration(path)
    with LiveSource([etcd.endpoint]) as source:
        records = list(source.scan(b"/registry/"))
    plain = {record.key for record in records if read_encryption_header(record.value) is None}
    assert {key.split(b"/")[2] for key in plain} == {b"ranges"}
    for record in records:
        # the resource's own name does not matter here: the wildcard holds for every one
        resource = None if record.key in plain else GroupResource("any.example.com", "anything")
        opened = transformers.open(record.key, record.value, resource)
        assert not opened.stale
        assert opened.plain.startswith((b"k8s\0", b"{"))
