"""
The systems that kstore grew out of, row by row: the apiserver's storage, custom resources, aggregated servers,
servers of apiserver-builder. The demo store has the objects; against the real servers `tests/e2e` shows the same.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore
from tests.examples.conftest import installed
from tests.source.test_etcd2 import KEY, WORDPRESS, FakeV2, fake
from tools.cluster import Etcd

from kstore.records import Delete, Put
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

__all__ = ["fake", "installed"]  # fixtures of other folders

DEPLOYMENTS = "/registry/deployments/"
AUTOSCALER = "hpa/webserver"
CRONTABS = "crontabs.stable.example.com"


def migrated(demo: Kstore, tmp_path: Path, *arguments: str) -> str:
    """The path of the demo store, migrated into a copy."""
    output = tmp_path / "migrated.db"
    assert demo("migrate", *arguments, "--yes", "--output", str(output)).code == 0
    return str(output)


# ---- 1 how the apiserver keeps its objects


def test_row_pod_webserver(demo: Kstore) -> None:
    """What etcdctl shows as bytes: a container nginx of the image nginx, with port 80."""
    assert demo("get", "pods/default/webserver", "-o", "raw").out.startswith(b"k8s\0")
    (container,) = demo("get", "pods/default/webserver", "-o", "json").json["spec"]["containers"]
    assert (container["name"], container["image"]) == ("nginx", "nginx")
    assert [port["containerPort"] for port in container["ports"]] == [80]


@pytest.mark.etcd
def test_row_options_of_etcdctl_and_of_the_apiserver(kstore: Kstore, etcd_server: Etcd) -> None:
    """--endpoints and --etcd-servers with --etcd-prefix open the same store; the files have both names, too."""
    pod = json.dumps({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default"}}).encode()
    with open_source(etcd_server.endpoint) as source:
        assert isinstance(source, WritableSource)
        source.commit([Put(b"/kept/pods/default/web", pod, 0)])
    files = {"--cacert": "--etcd-cafile", "--cert": "--etcd-certfile", "--key": "--etcd-keyfile"}
    etcdctl = ["--endpoints", etcd_server.endpoint, "--etcd-prefix", "/kept"]
    apiserver = ["--etcd-servers", etcd_server.endpoint, "--etcd-prefix", "/kept"]
    listed = [kstore(*store, "ls", "pods", "-o", "keys") for store in (etcdctl, apiserver)]
    assert [ran.text for ran in listed] == ["/kept/pods/default/web\n"] * 2
    for names in zip(*files.items(), strict=True):
        ran = kstore(*etcdctl, "ls", *(word for name in names for word in (name, "/none.pem")))
        assert ran.code == 2
        assert "how to speak TLS is given, but the endpoint is plain text" in ran.err
        assert "or leave --cacert, --cert, --key out" in ran.err


def test_row_resources_are_the_rest_mapper(kstore: Kstore) -> None:
    """A table with group, versions, kind, short names, scope, keys and storage versions; from one key to its kind."""
    rows = kstore("resources", "--built-in", "-o", "json").json["resources"]
    (node,) = [one for one in rows if one["resource"] == "nodes"]
    text = kstore("resources", "explain", "/registry/minions/node-a").text
    assert "minions" in json.dumps(node)
    for words in ("Kind:           Node", "node, no", "Scope:          cluster", "minions/NAME", "v1 by release 1.37"):
        assert words in text


def test_row_autoscaler_in_every_version(demo: Kstore) -> None:
    """v2beta1 and v2beta2 differ in how they say the target; from v1 and its annotations v2 comes back whole."""

    def spec(version: str) -> dict[str, Any]:
        found: dict[str, Any] = demo("get", AUTOSCALER, "--as", version, "--release", "1.24", "-o", "json").json["spec"]
        return found

    older, newer = spec("autoscaling/v2beta1"), spec("autoscaling/v2beta2")
    assert older.pop("metrics")[0]["resource"] == {"name": "cpu", "targetAverageUtilization": 80}
    target = {"type": "Utilization", "averageUtilization": 80}
    assert newer.pop("metrics")[0]["resource"] == {"name": "cpu", "target": target}
    assert older == newer
    assert spec("autoscaling/v1")["targetCPUUtilizationPercentage"] == 80
    as_stored = demo("get", AUTOSCALER, "-o", "raw").out
    as_v1 = demo("get", AUTOSCALER, "--as", "autoscaling/v1", "-o", "raw").out
    assert b"autoscaling.alpha.kubernetes.io/current-metrics" in as_v1
    back = demo("convert", "--to", "autoscaling/v2", "-o", "base64", stdin=base64.b64encode(as_v1))
    assert base64.b64decode(back.out) == as_stored


def test_row_deployment_of_extensions(demo: Kstore, kstore: Kstore, tmp_path: Path) -> None:
    """It is listed among the deployments, is among their keys, and goes along to apps/v1."""
    old = demo("ls", "deployments", "-A", "--stored-version", "extensions/v1beta1", "-o", "keys").text.split()
    assert old
    assert all(key.startswith(DEPLOYMENTS) for key in old)
    store = migrated(demo, tmp_path, "--to", "apps/v1", "deployments")
    found = kstore("--store", store, "ls", "deployments", "-A", "--stored-version", "apps/v1", "-o", "keys").text
    assert set(old) <= set(found.split())


def test_row_storage_versions(demo: Kstore, kstore: Kstore, tmp_path: Path) -> None:
    """The apiserver's old flag is several targets at once."""
    store = migrated(demo, tmp_path, "--storage-versions", "apps/v1,batch/v1,autoscaling/v2")
    for resource, version in (("deployments", "apps/v1"), ("cronjobs", "batch/v1"), ("hpa", "autoscaling/v2")):
        count = len(kstore("--store", store, "ls", resource, "-A", "-o", "keys").text.split())
        stored = kstore("--store", store, "ls", resource, "-A", "--stored-version", version, "-o", "keys").text
        assert len(stored.split()) == count > 0


# ---- 2 custom resources


def test_row_crontab_is_listed_and_scaled(demo: Kstore) -> None:
    """By its short name; its scale is read by the paths of its CRD."""
    assert "crontab.stable.example.com/my-new-cron-object" in demo("ls", "ct", "-o", "name").text
    spec = demo("get", "ct/my-new-cron-object", "-o", "json").json["spec"]
    assert (spec["cronSpec"], spec["image"]) == ("* * * * */5", "my-awesome-cron-image")
    text = demo("get", "ct/my-new-cron-object", "-o", "describe").text
    assert "Scale:\n  Desired:   1\n  Current:   1\n  Selector:  app=my-new-cron-object\n" in text


@pytest.mark.etcd
def test_row_crontab_between_two_versions(kstore: Kstore, etcd_server: Etcd, tmp_path: Path) -> None:
    """What the new version has no schema for is pruned, its defaults are set, and storedVersions is narrowed."""
    with open_source("demo") as demo, open_source(etcd_server.endpoint) as source:
        assert isinstance(source, WritableSource)
        for record in demo.scan():
            if b"stable.example.com" in record.key:
                source.commit([Put(record.key, record.value, 0)])
    store = etcd_server.endpoint
    assert "timezone" in kstore("--store", store, "get", "ct/my-old-cron-object", "-o", "json").json["spec"]
    to_v1 = ["migrate", CRONTABS, "--to", "stable.example.com/v1", "--yes", "--journal", str(tmp_path / "journal")]
    assert kstore("--store", store, *to_v1).code == 0
    found = kstore("--store", store, "get", "ct/my-old-cron-object", "-o", "json").json
    assert found["apiVersion"] == "stable.example.com/v1"
    assert "timezone" not in found["spec"]
    assert found["spec"]["replicas"] == 1
    crd = kstore("--store", store, "get", f"crd/{CRONTABS}", "-o", "json").json
    assert crd["status"]["storedVersions"] == ["v1"]


@pytest.mark.etcd
def test_row_database_is_watched_while_it_is_deleted(kstore: Kstore, etcd_server: Etcd) -> None:
    """The prefix tells of the object and of its end."""
    with open_source(etcd_server.endpoint) as source:
        assert isinstance(source, WritableSource)
        first = source.commit([Put(KEY.encode(), WORDPRESS.encode(), 0)]).revision
        source.commit([Delete(KEY.encode(), first)])
    prefix = "/registry/example.com/databases"
    ran = kstore("--store", etcd_server.endpoint, "watch", prefix, "--since", str(first), "--count", "2", "-o", "jsonl")
    assert [(one["change"], one["key"]) for one in ran.lines] == [("created", KEY), ("deleted", KEY)]


def test_row_database_definition_of_1_7(demo: Kstore) -> None:
    """The object is listed, and its CRD without a schema becomes one of v1 that keeps what it does not know."""
    assert demo("ls", "databases", "-o", "name").text == "database.example.com/wordpress\n"
    crd = demo("get", "crd/databases.example.com", "--as", "apiextensions.k8s.io/v1", "-o", "json").json
    assert crd["spec"]["versions"] == [{"name": "v1", "served": True, "storage": True}]
    assert crd["spec"]["preserveUnknownFields"] is True
    assert crd["status"]["storedVersions"] == ["v1"]


@pytest.mark.etcd
def test_row_database_in_etcd_2(kstore: Kstore, fake: FakeV2, etcd_server: Etcd, tmp_path: Path) -> None:
    """Listed, shown, exported, and written into a store of etcd 3."""
    fake.put(KEY, WORDPRESS)
    store = ["--store", f"etcd2+{fake.endpoint}"]
    assert kstore(*store, "ls", "/registry/example.com/databases", "-o", "keys").text == f"{KEY}\n"
    assert kstore(*store, "get", KEY, "-o", "json").json["spec"]["user"] == "wp"
    assert kstore(*store, "export", str(tmp_path / "backup")).code == 0
    put = ["restore", KEY, "--from", str(tmp_path / "backup"), "--yes"]
    assert kstore("--store", etcd_server.endpoint, *put).code == 0
    assert kstore("--store", etcd_server.endpoint, "get", KEY, "-o", "raw").text == WORDPRESS


# ---- 3 aggregated API servers


def test_row_flunders(demo: Kstore, installed: Callable[[str], None]) -> None:
    """Their server's own prefix is found, and the plugin converts them."""
    key = "/registry/wardle.example.com/wardle.example.com/flunders/default/sample"
    assert key in demo("ls", "flunders", "-A", "-o", "keys").text.split()
    installed("wardle")
    found = demo("get", "flunders/default/caught", "--as", "wardle.example.com/v1beta1", "-o", "json").json
    assert found["spec"] == {"fischerReference": "nordic", "referenceType": "Fischer"}


@pytest.mark.large
def test_row_apiservice(demo: Kstore) -> None:
    """`check` names the groups that an APIService serves from elsewhere."""
    spec = demo("get", "apiservices/v1alpha1.wardle.example.com", "-o", "json").json["spec"]
    assert (spec["groupPriorityMinimum"], spec["versionPriority"]) == (1000, 15)
    assert spec["insecureSkipTLSVerify"] is True
    findings = demo("check", "--only", "served-elsewhere", "-o", "json").json["findings"]
    assert {one["subject"] for one in findings} == {
        "demo.example.com, served by demo/birds",
        "wardle.example.com, served by wardle/api",
    }


# ---- 4 servers made with apiserver-builder


def test_row_bird(demo: Kstore, installed: Callable[[str], None]) -> None:
    """The plugin's defaulting and conversion; one in deletion is named with the finalizer that holds it."""
    installed("bird")
    found = demo("get", "birds/default/robin", "--as", "demo.example.com/v1beta1", "-o", "json").json
    assert found["spec"] == {"wings": 2}
    (stuck,) = demo("check", "--only", "object-stuck", "-o", "json").json["findings"]
    assert stuck["subject"] == "birds.demo.example.com"
    assert stuck["keys"][0]["key"].endswith("birds/default/dodo")
    assert "held by birds.demo.example.com/nest" in stuck["keys"][0]["detail"]
