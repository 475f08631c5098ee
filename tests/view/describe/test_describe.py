"""
A readable page for any object.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kstore.catalog.releases import Release, newest
from kstore.codec import StorageCodec, StoredObject
from kstore.records import Record
from kstore.scheme.scheme import Scheme
from kstore.source.location.demo import open_demo
from kstore.view.describe import describe, workloads
from kstore.view.describe.fields import label_for
from kstore.view.describe.page import Table, render
from kstore.view.mask import masked

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def objects() -> dict[str, StoredObject]:
    """Every object of the demo store, by key."""
    codec = StorageCodec(Scheme(newest()))
    with open_demo() as demo:
        reads = [codec.read(record) for record in demo.scan()]
    return {read.record.key.decode(): read for read in reads if isinstance(read, StoredObject)}


def test_every_object_has_a_page(objects: dict[str, StoredObject]) -> None:
    """Name, kind, age, and how it is stored."""
    for key, read in objects.items():
        text = describe(read, read.object, now=NOW)
        assert text.startswith("Name:"), key
        assert f"  Key:           {key}\n" in text
        assert f"{read.gvk.api_version} {read.gvk.kind}" in text


def test_a_pod(objects: dict[str, StoredObject]) -> None:
    """Where it runs, its containers with their state, its conditions as a table."""
    read = objects["/registry/pods/default/webserver"]
    text = describe(read, read.object, now=NOW)
    for line in (
        "Status:       Running, ready 1/1\n",
        "Node:         node-a\n",
        "  nginx:\n    Image:  nginx\n    Ports:  80/TCP\n",
        "  PodScheduled ",
        "Tolerations:  node.kubernetes.io/not-ready:NoExecute for 300s\n",
    ):
        assert line in text
    failing = next(read for key, read in objects.items() if "/pods/default/webserver-" in key)
    assert "CrashLoopBackOff" in describe(failing, failing.object, now=NOW)


def test_a_deployment(objects: dict[str, StoredObject]) -> None:
    """How many pods, the strategy, and the template, in whichever version it is stored."""
    read = objects["/registry/deployments/shop/cart"]
    text = describe(read, read.object, now=NOW)
    assert "Pods:                       2 desired, 2 updated, 2 total, 2 ready, 2 available\n" in text
    assert "RollingUpdate (max unavailable 25%, max surge 25%)" in text
    assert "HTTP GET /healthz on http, every 10s" in text


def test_a_node(objects: dict[str, StoredObject]) -> None:
    """Capacity beside what can be allocated, taints, addresses."""
    read = objects["/registry/minions/node-b"]
    text = describe(read, read.object, now=NOW)
    assert "Status:         NotReady,SchedulingDisabled\n" in text
    assert "  cpu       8           7910m\n" in text
    assert "node.kubernetes.io/not-ready:NoSchedule" in text


def test_a_secret(objects: dict[str, StoredObject]) -> None:
    """Keys and lengths; values only when asked for."""
    read = objects["/registry/secrets/shop/payment-gateway"]
    hidden = describe(read, masked(read.object), now=NOW)
    assert "  api-key   19 bytes\n" in hidden
    shown = describe(read, read.object, secrets=True, now=NOW)
    assert "bytes" not in shown.partition("Data:")[2].partition("Field Managers")[0]
    assert len(shown) > 0


def test_a_definition(objects: dict[str, StoredObject]) -> None:
    """Names, versions with what they are, and the versions that objects may be stored in."""
    read = objects["/registry/apiextensions.k8s.io/customresourcedefinitions/crontabs.stable.example.com"]
    text = describe(read, read.object, now=NOW)
    assert "Stored Versions:  v1beta1, v1\n" in text
    assert "  v1       yes     yes     no " in text


def test_odd_shapes_do_no_harm() -> None:
    """A custom object may hold anything anywhere."""
    for obj in (
        {"kind": "X", "apiVersion": "a/v1", "metadata": {"name": "n", "ownerReferences": ["x"], "labels": 5}},
        {"kind": "X", "apiVersion": "a/v1", "metadata": "none"},
        {"kind": "X", "apiVersion": "a/v1", "metadata": {"name": [1]}},
        {"kind": "X", "apiVersion": "a/v1", "metadata": {"managedFields": [{"time": 5}, {"time": "x"}]}},
        {"kind": "Pod", "apiVersion": "v1", "metadata": {}, "spec": [1], "status": "up"},
    ):
        assert "/registry/x" in describe(_stored(obj), obj, now=NOW)


def _stored(obj: dict[str, Any]) -> StoredObject:
    from kstore.naming import gvk

    return StoredObject(Record(b"/registry/x", b"{}", 1, 2, 3), gvk(obj["apiVersion"], obj["kind"]), "json", obj)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("restartPolicy", "Restart Policy"),
        ("podIP", "Pod IP"),
        ("clusterIPs", "Cluster IPs"),
        ("uid", "UID"),
        ("app.kubernetes.io/name", "app.kubernetes.io/name"),
        ("x", "X"),
    ],
)
def test_labels(name: str, label: str) -> None:
    """Fields' names as words, acronyms in capitals; other names as they are."""
    assert label_for(name) == label


def test_layout() -> None:
    """Values are aligned, lists and tables stand below their label, elements have a dash."""
    assert render(
        [
            ("A", "1"),
            ("Longer", ["x", "y"]),
            ("None", []),
            ("Table", Table(("a", "b"), [("1", "22"), ("333", "4")])),
            ("Empty", Table(("a",), [])),
            ("Items", [("", [("K", "v"), ("L", "w")]), ("", [("K", "z")])]),
        ]
    ) == (
        "A:       1\n"
        "Longer:  x\n"
        "         y\n"
        "None:    <none>\n"
        "Table:\n"
        "  A    B\n"
        "  1    22\n"
        "  333  4\n"
        "Empty:   <none>\n"
        "Items:\n"
        "  - K:  v\n"
        "    L:  w\n"
        "  - K:  z\n"
    )


@pytest.mark.parametrize(("release", "status"), [("1.34", "Completed"), ("1.35", "Error")])
def test_a_status_as_the_release_prints_it(objects: dict[str, StoredObject], release: str, status: str) -> None:
    """Of a Pod with containers that ended well and badly, as `ls --release` has it."""
    read = objects["/registry/pods/default/webserver"]
    ended = [
        {"state": {"terminated": {"exitCode": code, "reason": why}}} for code, why in ((0, "Completed"), (1, "Error"))
    ]
    obj = {**read.object, "status": {"phase": "Failed", "containerStatuses": ended}}
    assert f"Status:       {status}, ready 0/1\n" in describe(read, obj, now=NOW, release=Release(release))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"configMapKeyRef": {"name": "settings", "key": "mode"}}, "<key mode of ConfigMap settings>"),
        ({"secretKeyRef": {"name": "db", "key": "password"}}, "<key password of Secret db>"),
        ({"fieldRef": {"fieldPath": "status.podIP"}}, "<status.podIP>"),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "<resourceFieldRef>"),
        ({}, "text"),
    ],
)
def test_where_a_variable_is_from(source: dict[str, Any], text: str) -> None:
    """A key of a ConfigMap is told from one of a Secret; of neither the value is shown."""
    assert workloads._env({"name": "A", "value": "text", "valueFrom": source}) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"configMapRef": {"name": "settings"}}, "ConfigMap settings"),
        ({"prefix": "DB_", "secretRef": {"name": "db"}}, "Secret db"),
        ({}, ""),
    ],
)
def test_where_many_variables_are_from(source: dict[str, Any], text: str) -> None:
    """All keys of a ConfigMap, or of a Secret."""
    assert workloads._env_from(source) == text


@pytest.mark.parametrize(
    ("toleration", "text"),
    [
        ({"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}, "a:NoExecute for 0s"),
        ({"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}, "a:NoExecute for 300s"),
        ({"key": "a", "operator": "Exists", "effect": "NoExecute"}, "a:NoExecute"),
        ({"key": "a", "value": "b"}, "a=b"),
        ({"operator": "Exists"}, "everything"),
        ({"key": "a", "operator": "Lt", "value": "5"}, "a Lt 5"),
    ],
)
def test_tolerations(toleration: dict[str, Any], text: str) -> None:
    """To be thrown out at once is not to be tolerated for ever."""
    assert workloads._toleration(toleration) == text
