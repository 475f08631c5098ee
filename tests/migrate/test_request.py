"""
Which resources and keys a request concerns.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.catalog.releases import newest
from kstore.customresource.resource import CustomResource
from kstore.decode.projection import EVERYTHING
from kstore.migrate.request import Request, Selection
from kstore.scheme.scheme import Scheme
from kstore.store import Store
from kstore.testing import MemorySource


def selection(**asked: Any) -> Selection:
    """A request on an empty store."""
    store = Store(MemorySource(), Scheme(newest()), prefix="/registry")
    request = Request(**{"release": newest().name, "to_release": newest().name, **asked})
    return Selection(store, request, lambda _: True, projection=EVERYTHING)


@pytest.mark.parametrize(
    ("asked", "resources"),
    [
        ({"resources": ("deploy",)}, ["deployments"]),
        ({"resources": ("deploy", "nodes")}, ["deployments", "nodes"]),
        ({"resources": ("deploy", "nodes"), "namespace": "shop"}, ["deployments"]),
        ({"resources": ("nodes",), "namespace": "shop"}, []),
        ({"to": ("rbac.authorization.k8s.io/v1",)}, ["clusterrolebindings", "clusterroles", "rolebindings", "roles"]),
        ({"to": ("rbac.authorization.k8s.io/v1",), "namespace": "shop"}, ["rolebindings", "roles"]),
    ],
)
def test_resources(asked: dict[str, Any], resources: list[str]) -> None:
    """Those that are named, or that can be had in the version; within a namespace none that is cluster-wide."""
    assert sorted(one.resource for one in selection(**asked).resources()) == resources


APPS = [f"/registry/{name}/" for name in ("controllerrevisions", "daemonsets", "deployments", "replicasets",
                                          "statefulsets")]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "prefixes"),
    [
        ({}, ["/registry/"]),
        ({"resources": ("nodes", "deploy")}, ["/registry/deployments/", "/registry/minions/"]),
        ({"resources": ("nodes", "deploy"), "namespace": "shop"}, ["/registry/deployments/shop/"]),
        ({"resources": ("events", "events.events.k8s.io")}, ["/registry/events/"]),
        ({"to": ("apps/v1",), "to_release": ""}, APPS),
    ],
)
def test_prefixes(asked: dict[str, Any], prefixes: list[str]) -> None:
    """Each once, in key order; all there is where nothing is said."""
    assert [one.decode() for one in selection(**asked).prefixes()] == prefixes


def test_no_prefix_within_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that is within another resource's is read with that."""
    found = selection(resources=("pods",))
    inner, outer = CustomResource("", "inner", directory="pods/a"), CustomResource("", "outer", directory="pods")
    monkeypatch.setattr(found, "resources", lambda: [inner, outer])
    assert found.prefixes() == [b"/registry/pods/"]


def test_a_namespace_is_read_alone() -> None:
    """Where no resource is named, each that is namespaced is read there, and none beside it."""
    found = selection(namespace="shop").prefixes()
    assert b"/registry/deployments/shop/" in found
    assert b"/registry/pods/shop/" in found
    assert all(prefix.endswith(b"/shop/") for prefix in found)


@pytest.mark.parametrize(
    ("name", "target"), [("deploy", "apps/v1"), ("events", "v1"), ("psp", None), ("podpresets", None)]
)
def test_the_version_of_a_resource(name: str, target: str | None) -> None:
    """That of the release; none for what the release does not store any more."""
    found = selection()
    (resource, *_) = found._store.resources(name)
    version = found.target_of(resource)
    assert (version and str(version)) == target
