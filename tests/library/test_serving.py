"""
Objects as a server answers them: filled in, in a version that it serves, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import kstore
from kstore.errors import NotConvertible, UsageError
from kstore.testing import MemorySource


def _store(values: Mapping[str | bytes, bytes | dict[str, Any]], release: str = "1.37") -> kstore.Store:
    return kstore.open(MemorySource(values), release=release)


def _crd(*versions: tuple[str, bool], storage: str) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "kites.sky.example.com"},
        "spec": {
            "group": "sky.example.com", "scope": "Namespaced", "names": {"plural": "kites", "kind": "Kite"},
            "versions": [
                {
                    "name": name, "served": served, "storage": name == storage,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                        "spec": {"type": "object", "properties": {"tail": {"type": "string", "default": name}}}}}},
                }
                for name, served in versions
            ],
        },
    }  # fmt: skip


_CRD = "/registry/apiextensions.k8s.io/customresourcedefinitions/kites.sky.example.com"
_KITE = "/registry/sky.example.com/kites/default/red"


def test_what_older_servers_left_out_is_filled_in() -> None:
    """A headless Service of 1.19 has the family that the apiserver's own Service has; a claim both of its sources."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "a"}}
    own = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kubernetes", "namespace": "default"}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c", "namespace": "a"}}
    source = {"kind": "PersistentVolumeClaim", "name": "other"}
    store = _store({
        "/registry/services/specs/default/kubernetes": {**own, "spec": {"clusterIP": "fd00::1"}},
        "/registry/services/specs/a/db": {**service, "spec": {"clusterIP": "None", "selector": {"a": "b"}}},
        "/registry/persistentvolumeclaims/a/c": {**claim, "spec": {"dataSource": source}},
    })  # fmt: skip
    served = store.get("services/a/db").as_served().object
    assert served["spec"]["clusterIPs"] == ["None"]
    assert (served["spec"]["ipFamilies"], served["spec"]["ipFamilyPolicy"]) == (["IPv6"], "SingleStack")
    assert served["metadata"]["resourceVersion"] == str(store.get("services/a/db").revision)
    assert "clusterIPs" not in store.get("services/a/db").as_version("v1").object["spec"]
    assert store.get("pvc/a/c").as_served().object["spec"]["dataSourceRef"] == {**source, "apiGroup": None}


@pytest.mark.parametrize(
    ("key", "stored", "release", "asked", "served"),
    [
        ("deployments/a/x", "extensions/v1beta1 Deployment", "1.37", "", "apps/v1"),
        ("horizontalpodautoscalers/a/x", "autoscaling/v1 HorizontalPodAutoscaler", "1.37", "", "autoscaling/v2"),
        ("horizontalpodautoscalers/a/x", "autoscaling/v1 HorizontalPodAutoscaler", "1.22", "", "autoscaling/v1"),
        ("cronjobs/a/x", "batch/v1beta1 CronJob", "1.20", "", "batch/v1beta1"),
        ("events/a/x", "v1 Event", "1.37", "events.k8s.io/v1", "events.k8s.io/v1"),
        ("events/a/x", "v1 Event", "1.37", "", "v1"),
    ],
)
def test_the_version(key: str, stored: str, release: str, asked: str, served: str) -> None:
    """The one that kubectl asks for, of those that the release serves; or the one that is asked for."""
    assert _only(key, stored, release).as_served(asked).object["apiVersion"] == served


@pytest.mark.parametrize(
    ("key", "stored", "release", "asked", "message"),
    [
        ("deployments/a/x", "apps/v1 Deployment", "1.37", "extensions/v1beta1",
         r"1\.37 does not serve deployments\.apps in extensions/v1beta1"),
        ("podsecuritypolicy/x", "policy/v1beta1 PodSecurityPolicy", "1.26", "",
         r"1\.26 does not serve podsecuritypolicies\.policy$"),
        ("servicecidrs/x", "networking.k8s.io/v1 ServiceCIDR", "1.29", "",
         r"1\.29 cannot read what is stored as networking\.k8s\.io/v1"),
        ("masterleases/10.0.0.1", "v1 Endpoints", "1.37", "", "no API serves what is stored at /registry/masterleases"),
        ("peerserverleases/a", "coordination.k8s.io/v1 Lease", "1.37", "", "no API serves"),
        ("ranges/serviceips", "v1 RangeAllocation", "1.37", "", "no API serves"),
        ("sky.example.com/kites/default/red", "sky.example.com/v1 Kite", "1.37", "", "no API serves"),
    ],
)  # fmt: skip
def test_what_no_server_answers(key: str, stored: str, release: str, asked: str, message: str) -> None:
    """A version that is not served any more, a kind that is gone or came later, what a server keeps for itself."""
    with pytest.raises(NotConvertible, match=message):
        _only(key, stored, release).as_served(asked)


def _only(key: str, stored: str, release: str) -> kstore.StoredObject:
    """One object alone in its store."""
    version, _, kind = stored.partition(" ")
    obj: dict[str, Any] = {"apiVersion": version, "kind": kind, "metadata": {"name": "x", "namespace": "a"}}
    (found,) = _store({f"/registry/{key}": obj}, release).objects(f"/registry/{key}")
    assert isinstance(found, kstore.StoredObject)
    return found


def test_custom_resources() -> None:
    """The served version that discovery prefers: v10 before v9, before betas; with the defaults of the stored one."""
    crd = _crd(("v1beta1", True), ("v9", True), ("v10", True), ("v11", False), ("other", True), storage="v9")
    kite = {"apiVersion": "sky.example.com/v9", "kind": "Kite", "metadata": {"name": "red", "namespace": "default"}}
    found = _store({_CRD: crd, _KITE: {**kite, "spec": {}}}).get(_KITE)
    served = found.as_served().object
    assert (served["apiVersion"], served["spec"]) == ("sky.example.com/v10", {"tail": "v9"})
    assert found.as_served("sky.example.com/other").object["apiVersion"] == "sky.example.com/other"
    for version in ("sky.example.com/v11", "sky.example.com/v12"):
        with pytest.raises(NotConvertible, match=f"does not serve kites.sky.example.com in {version}"):
            found.as_served(version)


def test_an_object_of_no_store() -> None:
    """What was decoded from bytes alone has no server."""
    scheme = kstore.Scheme("1.37")
    value = scheme.encode({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}})
    with pytest.raises(UsageError, match="no store"):
        scheme.decode(value).as_served()
