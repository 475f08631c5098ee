"""
A whole cluster with encrypted objects moved to another prefix and another etcd: a real kube-apiserver lists all of it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.test_encryption import fill
from tests.encryption.conftest import configuration, keyed
from tools.cluster import Client, Etcd, KubeApiserver
from tools.demo.make import until

from kstore.encryption.prefix import read_encryption_header
from kstore.source.etcd.live import LiveSource

OLD, NEW = "/tenants/one", "/registry/two"
ITS_OWN = {"leases"}
"""What an apiserver writes anew when it starts: its identity."""
WIDGETS: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com", "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
        "versions": [{
            "name": "v1", "served": True, "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        }],
    },
}  # fmt: skip


def listed(client: Client, path: str) -> list[dict[str, Any]]:
    """All objects of a resource; a custom one's storage may still be initialized, and a list is then refused."""
    found: list[dict[str, Any]] = until(lambda: client.request("GET", path), path)["items"]
    return found


def everything(client: Client) -> dict[str, Any]:
    """Every object of every resource that can be listed, in its preferred version."""
    versions = ["/api/v1"]
    versions += [f"/apis/{one['preferredVersion']['groupVersion']}" for one in client.request("GET", "/apis")["groups"]]
    found = {}
    for version in versions:
        for resource in client.request("GET", version)["resources"]:
            if "list" not in resource["verbs"] or resource["name"] in ITS_OWN | {"componentstatuses"}:
                continue
            for item in listed(client, f"{version}/{resource['name']}"):
                metadata = item["metadata"]
                del metadata["resourceVersion"]
                found[f"{version}/{resource['name']}/{metadata.get('namespace', '')}/{metadata['name']}"] = item
    return found


def create_widget(client: Client) -> None:
    """A custom object; the server serves its kind a moment after the CRD was created."""
    client.create(WIDGETS)
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "default"}}
    until(lambda: client.create({**widget, "spec": {"size": 3}}), "the widget")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["the same etcd", "another etcd"])
def test_a_cluster_is_moved(
    start_etcd: Callable[..., Etcd], kube_apiserver: Callable[..., KubeApiserver], tmp_path: Path, elsewhere: bool
) -> None:
    """With AES-GCM, which authenticates the key's path, and other keys for the new cluster."""
    etcd = start_etcd()
    target = start_etcd() if elsewhere else etcd
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(configuration(("secrets, configmaps, widgets.example.com", keyed("aesgcm", ("one", 1)))))
    new.write_text(
        configuration(
            ("secrets", keyed("aesgcm", ("two", 3))),
            ("widgets.example.com", keyed("secretbox", ("two", 4))),
        )
    )
    first = kube_apiserver(etcd, etcd_prefix=OLD, encryption_provider_config=str(old))
    client = first.client()
    fill(client)
    create_widget(client)
    before = everything(client)
    first.stop()

    def kstore(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kstore", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    moved = kstore(
        "--store", etcd.endpoint, "--etcd-prefix", OLD, "--encryption-provider-config", str(old),
        "move", "--to-prefix", NEW, "--to-encryption-provider-config", str(new), "--yes", "--journal", "j",
        *(("--to-store", target.endpoint) if elsewhere else ()),
    )  # fmt: skip
    assert moved.returncode == 0, moved.stderr
    proved = kstore("migrate", "verify", "j")
    assert proved.returncode == 0, proved.stdout + proved.stderr

    with LiveSource([target.endpoint]) as source:
        headers = {one.key: read_encryption_header(one.value) for one in source.scan(f"{NEW}/".encode())}
    assert {str(header) for key, header in headers.items() if b"/secrets/" in key} == {"aesgcm two"}
    assert {str(header) for key, header in headers.items() if b"/widgets/" in key} == {"secretbox two"}
    assert {header for key, header in headers.items() if b"/configmaps/" in key} == {None}

    second = kube_apiserver(target, etcd_prefix=NEW, encryption_provider_config=str(new))
    after = everything(second.client())
    assert any("/widgets/default/w" in name for name in before)
    assert sum("/secrets/" in name for name in before) == 3
    assert {name: obj for name, obj in after.items() if name in before} == before
