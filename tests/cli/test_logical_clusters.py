"""
A kcp's store: keys with logical clusters in them, listed, shown and migrated as any other's.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.cli.conftest import Kstore

from kstore.catalog.releases import newest
from kstore.errors import UsageError
from kstore.records import Record
from kstore.scheme.scheme import Scheme
from kstore.source.export_directory import DirectoryWriter
from kstore.source.interface import StoreStatus
from kstore.store import Store
from kstore.testing import MemorySource

IDENTITY = "cbf732f90c9b7eac67e3d8f8e4c22cf8de0e36acefab6bbab738a85535c0d4cf"
OTHER = "2cynbfy2m0wtjqcs"
SCHEME = Scheme(newest())
CRDS = "/registry/apiextensions.k8s.io/customresourcedefinitions"


def named(kind: str, name: str, version: str = "v1", namespace: str = "", **more: Any) -> dict[str, Any]:
    """An object."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def crd(plural: str, kind: str, group: str, *, scope: str = "Cluster", versions: tuple[str, ...] = ("v1",)) -> Any:
    """A CRD whose last version is stored."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return named(
        "CustomResourceDefinition", f"{plural}.{group}", "apiextensions.k8s.io/v1",
        spec={
            "group": group, "scope": scope, "names": {"plural": plural, "kind": kind, "listKind": f"{kind}List"},
            "versions": [
                {"name": one, "served": True, "storage": one == versions[-1], "schema": schema} for one in versions
            ],
        },
    )  # fmt: skip


VALUES: dict[str, Any] = {
    "/registry/core/configmaps/root/default/ca": named("ConfigMap", "ca", namespace="default", data={"a": "1"}),
    f"/registry/core/configmaps/{OTHER}/default/ca": named("ConfigMap", "ca", namespace="default", data={"a": "2"}),
    f"/registry/core/configmaps/{OTHER}/shop/one": named("ConfigMap", "one", namespace="shop", data={"a": "3"}),
    "/registry/core/namespaces/root/default": named("Namespace", "default"),
    "/registry/rbac.authorization.k8s.io/clusterroles/root/admin": named(
        "ClusterRole", "admin", "rbac.authorization.k8s.io/v1beta1", rules=[]
    ),
    f"{CRDS}/root/gadgets.example.com": crd(
        "gadgets", "Gadget", "example.com", scope="Namespaced", versions=("v1beta1", "v1")
    ),
    f"{CRDS}/system:bound-crds/uid-1": crd("workspaces", "Workspace", "tenancy.kcp.io"),
    "/registry/example.com/gadgets/customresources/root/shop/g": named("Gadget", "g", "example.com/v1beta1", "shop"),
    f"/registry/tenancy.kcp.io/workspaces/{IDENTITY}/root/compute": named(
        "Workspace", "compute", "tenancy.kcp.io/v1"
    ),
    "/registry/nobody.io/things/customresources/root/shop/t": named("Thing", "t", "nobody.io/v1", "shop"),
}  # fmt: skip


@pytest.fixture(scope="module")
def kcp(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The store as a directory."""
    folder = tmp_path_factory.mktemp("kcp") / "s"
    with DirectoryWriter(folder, StoreStatus("backup", "directory", 9), {}) as writer:
        for key, value in sorted(VALUES.items()):
            writer.add(Record(key.encode(), json.dumps(value).encode(), 1, 1, 1))
    return str(folder)


@pytest.mark.parametrize(
    ("key", "resource", "cluster", "namespace", "name"),
    [
        ("/registry/core/configmaps/root/default/ca", "configmaps", "root", "default", "ca"),
        (f"/registry/core/configmaps/{OTHER}/shop/one", "configmaps", OTHER, "shop", "one"),
        ("/registry/rbac.authorization.k8s.io/clusterroles/root/admin", "clusterroles", "root", "", "admin"),
        ("/registry/example.com/gadgets/customresources/root/shop/g", "gadgets", "root", "shop", "g"),
        (f"/registry/tenancy.kcp.io/workspaces/{IDENTITY}/root/compute", "workspaces", "root", "", "compute"),
        (f"/registry/core/configmaps/{IDENTITY}/root/default/ca", "configmaps", "root", "default", "ca"),
        (f"{CRDS}/system:bound-crds/uid-1", "customresourcedefinitions", "system:bound-crds", "", "uid-1"),
    ],
)  # fmt: skip
def test_what_a_key_means(key: str, resource: str, cluster: str, namespace: str, name: str) -> None:
    """As kcp's `pkg/etcd/keys.go` splits it."""
    place = Store(MemorySource(VALUES), SCHEME).place(key.encode())
    assert place is not None
    assert (place.resource.resource, place.cluster, place.namespace, place.name) == (resource, cluster, namespace, name)


def test_a_cluster_of_its_own_is_none() -> None:
    """A store without the core group's directory has no logical clusters."""
    store = Store(MemorySource({"/registry/configmaps/d/c": named("ConfigMap", "c")}), SCHEME)
    place = store.place(b"/registry/configmaps/d/c")
    assert place is not None
    assert (place.namespace, place.name, place.cluster) == ("d", "c", "")


def test_ls(kstore: Kstore, kcp: str) -> None:
    """The logical cluster is a column; -n selects in all of them."""
    rows = [line.split()[:4] for line in kstore("--store", kcp, "ls", "configmaps").text.splitlines()]
    assert rows == [
        ["CLUSTER", "NAMESPACE", "NAME", "DATA"], [OTHER, "default", "ca", "1"], [OTHER, "shop", "one", "1"],
        ["root", "default", "ca", "1"],
    ]  # fmt: skip
    assert kstore("--store", kcp, "ls", "configmaps", "-n", "shop", "-o", "keys").text.splitlines() == [
        f"/registry/core/configmaps/{OTHER}/shop/one"
    ]
    for resource, row in (
        ("gadgets", ["root", "shop", "g"]), ("workspaces", ["root", "compute"]), ("things", ["root", "shop", "t"]),
    ):  # fmt: skip
        lines = kstore("--store", kcp, "ls", resource, "--no-headers").text.splitlines()
        assert [line.split()[: len(row)] for line in lines] == [row]
    tree = kstore("--store", kcp, "ls", "-o", "json")
    assert tree.code == 0


@pytest.mark.parametrize(
    ("argument", "data"),
    [
        ("configmaps/shop/one", "3"),
        ("configmaps/root/default/ca", "1"),
        (f"configmaps/{OTHER}/default/ca", "2"),
        (f"/registry/core/configmaps/{OTHER}/default/ca", "2"),
    ],
)
def test_get(kstore: Kstore, kcp: str, argument: str, data: str) -> None:
    """By name where it is the only one, with the logical cluster, or by its key."""
    assert kstore("--store", kcp, "get", argument, "-o", "json").json["data"] == {"a": data}


def test_get_of_a_name_that_several_have(kstore: Kstore, kcp: str) -> None:
    """The clusters are named; what is in none is not found; a cluster-wide object needs no namespace."""
    ran = kstore("--store", kcp, "get", "configmaps/default/ca")
    assert ran.code == 2
    assert f"{OTHER}, root" in ran.err
    assert kstore("--store", kcp, "get", "configmaps/default/nobody").code == 1
    assert kstore("--store", kcp, "get", "clusterroles/root/admin", "-o", "json").code == 0
    assert kstore("--store", kcp, "get", "workspaces/compute", "-o", "json").json["kind"] == "Workspace"


def test_migrate(kstore: Kstore, kcp: str) -> None:
    """Built-in and custom objects are planned; -n holds in every logical cluster."""
    ran = kstore("--store", kcp, "migrate", "--to-release", "1.37", "--dry-run", "-o", "json")
    assert ran.code == 3, ran.err
    assert [one["key"].split("/")[2] for one in ran.json["skippedObjects"]] == ["nobody.io"]
    changes = {(one["kind"], one["from"]): one["to"] for one in ran.json["resources"] if one["changes"]}
    assert changes["ClusterRole", "rbac.authorization.k8s.io/v1beta1"] == "rbac.authorization.k8s.io/v1"
    assert changes["Gadget", "example.com/v1beta1"] == "example.com/v1"
    ran = kstore("--store", kcp, "migrate", "configmaps", "--to", "v1", "-n", "shop", "--dry-run", "-o", "json")
    assert sum(one["changes"] + one["unchanged"] for one in ran.json["resources"]) == 1


def test_definitions_that_differ() -> None:
    """Two logical clusters that define a resource differently: none is taken for both."""
    values = {**VALUES, f"{CRDS}/{OTHER}/gadgets.example.com": crd("gadgets", "Gadget", "example.com")}
    store = Store(MemorySource(values), SCHEME)
    (gadgets,) = store.resources("gadgets")
    assert gadgets.definition is None
    place = store.place(b"/registry/example.com/gadgets/customresources/root/shop/g")
    assert place is not None
    assert place.cluster == "root"
    with pytest.raises(UsageError):
        store.key_of(store.resources("configmaps")[0], "default", "ca")
