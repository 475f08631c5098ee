"""
The clusters that share one store: each counted apart, nobody's keys beside them, and one alone where it is named.
"""

from __future__ import annotations

from typing import Any

from kstore.catalog.releases import newest
from kstore.inspect.clusters import clusters_of, keys_of_others
from kstore.scheme.scheme import Scheme
from kstore.store import Store
from kstore.testing import MemorySource

NAMESPACE: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "d"}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "d"}}
ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1beta1", "kind": "Role", "metadata": {"name": "r", "namespace": "e"}}


def store(values: dict[str, Any], prefix: str | None = None) -> Store:
    """A store with these keys."""
    return Store(MemorySource(values), Scheme(newest()), prefix=prefix)


TENANTS: dict[str, Any] = {
    "/a/namespaces/d": NAMESPACE,
    "/a/pods/d/p": POD,
    "/a/pods/d/broken": b"broken",
    "/b/namespaces/d": NAMESPACE,
    "/b/roles/e/r": ROLE,
    "/b/secrets/d/s": b"k8s:enc:aescbc:v1:key7:xxxx",
    "/calico/v1/host": b"{}",
}


def test_each_is_counted_apart() -> None:
    """Objects, versions, namespaces and keys of each; what cannot be decoded is counted and told of."""
    told: list[bytes] = []
    first, second = clusters_of(store(TENANTS), unreadable=lambda read: told.append(read.record.key))
    assert (first.prefixes, first.objects, first.undecodable) == (("/a",), 3, 1)
    assert (first.versions, first.namespaces) == ({"v1": 2}, {"d": 2})
    assert (second.objects, second.versions) == (3, {"v1": 1, "rbac.authorization.k8s.io/v1beta1": 1})
    assert second.encryption == {"aescbc key7": 1}
    assert told == [b"/a/pods/d/broken", b"/b/secrets/d/s"]
    assert sum(one.size for one in (first, second)) == sum(
        len(one.value) for one in MemorySource(TENANTS).scan(b"/") if not one.key.startswith(b"/calico")
    )


def test_progress_is_over_all_of_them() -> None:
    """What was counted in the clusters before is counted on."""
    told: list[int] = []
    clusters_of(store(TENANTS), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 6


def test_one_that_is_named() -> None:
    """With a prefix, that cluster alone."""
    assert [one.prefixes for one in clusters_of(store(TENANTS, "/b"))] == [("/b",)]


def test_keys_of_others() -> None:
    """What is below no cluster's prefix is counted, not opened."""
    opened = store(TENANTS)
    assert keys_of_others(opened, clusters_of(opened)) == {"/calico": 1}


def test_openshift_is_one() -> None:
    """Two servers, two prefixes, one cluster."""
    (one,) = clusters_of(store({"/kubernetes.io/pods/d/p": POD, "/openshift.io/routes/d/r": b"{}"}))
    assert (one.prefixes, one.objects, one.layout.name) == (("/kubernetes.io", "/openshift.io"), 2, "openshift")


def test_layouts() -> None:
    """How the keys are built is told by them; a tenant of the name `core` makes no kcp."""
    cage, role = {"apiVersion": "zoo.io/v1", "kind": "Cage"}, {**ROLE, "apiVersion": "rbac.authorization.k8s.io/v1"}
    for values, layout in (
        ({"/registry/zoo.io/zoo.io/cages/d/c": cage}, "extension server"),
        ({"/r/core/pods/root/d/p": POD, "/r/rbac.authorization.k8s.io/roles/root/e/r": role}, "kcp"),
        ({"/r/core/pods/d/p": POD, "/r/shop/pods/d/p": POD}, "apiserver"),
    ):
        assert {one.layout.name for one in clusters_of(store(values))} == {layout}


def test_tenants_below_the_default() -> None:
    """Prefixes one element deeper than the default are clusters of their own."""
    values = {f"/registry/{name}/namespaces/d": NAMESPACE for name in ("one", "two")}
    assert [one.prefixes for one in clusters_of(store(values))] == [("/registry/one",), ("/registry/two",)]


def test_none() -> None:
    """An empty store has none; so has one with others' keys alone."""
    assert clusters_of(store({})) == []
    assert clusters_of(store({"/calico/v1/host": b"{}"})) == []


def test_a_prefix_in_a_folder_with_a_dot() -> None:
    """The last element alone tells an extension's server, as it is the name of its group."""
    (one,) = clusters_of(store({"/my.org/kube/namespaces/d": NAMESPACE, "/my.org/kube/pods/d/p": POD}, "/my.org/kube"))
    assert (one.objects, one.layout.name) == (2, "apiserver")
