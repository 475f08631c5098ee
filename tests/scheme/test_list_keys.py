"""
Elements of lists without the key that tells them apart; what real servers do then is held in tests/e2e/aged_objects.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.naming import gvk
from kstore.object_codec import ObjectCodec
from kstore.scheme.field_ownership import FieldOwnership
from kstore.scheme.list_keys import _Key
from kstore.scheme.registry import RunningServer
from kstore.scheme.scheme import Scheme

Obj = dict[str, Any]
SCHEMES = {release: Scheme(Release(release)) for release in ("1.29", "1.33", "1.34", "1.36", "1.37")}
OWNED = {
    "manager": "m",
    "operation": "Update",
    "time": "2020-01-01T00:00:00Z",
    "fieldsType": "FieldsV1",
    "fieldsV1": {"f:metadata": {"f:labels": {}}},
}


def can_be_told(release: str, api_version: str, kind: str, obj: Obj, *versions: str) -> bool:
    """Whether a server of a release can say who owns what."""
    return FieldOwnership(SCHEMES[release].catalog).can_be_told(gvk(api_version, kind), obj, versions)


@pytest.mark.parametrize("release", SCHEMES)
@pytest.mark.parametrize(
    ("secrets", "expected"),
    [([{"name": "a"}], True), ([{"name": "a"}, {}], False), ([{"name": ""}], False), ([], True), (None, True)],
)
def test_a_key_without_a_default(release: str, secrets: Any, expected: bool) -> None:
    """The name of a ServiceAccount's secret has had no default yet; empty is as good as missing."""
    assert can_be_told(release, "v1", "ServiceAccount", {"secrets": secrets}) is expected


@pytest.mark.parametrize(("release", "expected"), [("1.29", False), ("1.33", True), ("1.37", True)])
def test_a_key_that_got_a_default(release: str, expected: bool) -> None:
    """The name of a pull secret is empty by default from 1.31 on; it is found in templates and in lists of others."""
    nameless = {"spec": {"imagePullSecrets": [{"name": "a"}, {}]}}
    for kind in ("Deployment", "StatefulSet"):
        assert can_be_told(release, "apps/v1", kind, {"spec": {"template": nameless}}) is expected
    assert can_be_told(release, "v1", "Pod", nameless) is expected
    assert can_be_told(release, "v1", "Pod", {"spec": {"imagePullSecrets": [{"name": "a"}]}})


@pytest.mark.parametrize("release", ["1.34", "1.37"])
def test_one_key_of_several(release: str) -> None:
    """A device without its share is told apart by its other keys."""
    device = {"driver": "a.example.com", "pool": "p", "device": "d"}
    for one in (device, {**device, "shareID": "s"}):
        assert can_be_told(release, "resource.k8s.io/v1", "ResourceClaim", {"status": {"devices": [one]}})


TWICE: tuple[Obj, ...] = (
    {"metadata": {"finalizers": ["a.example.com/x", "a.example.com/x"]}},
    {"metadata": {}, "status": {"conditions": [{"type": "A", "reason": "b"}, {"type": "A", "reason": "c"}]}},
)


@pytest.mark.parametrize("twice", TWICE)
def test_an_element_that_is_there_twice(twice: Obj) -> None:
    """It hinders nobody, until the object is wanted in another version, of which managedFields speak."""
    once: Obj = {"metadata": {"finalizers": ["a.example.com/x", "a.example.com/y"]}}
    for release in SCHEMES:
        asked = release, "autoscaling/v2", "HorizontalPodAutoscaler"
        assert can_be_told(*asked, twice, "autoscaling/v2")
        assert not can_be_told(*asked, twice, "autoscaling/v2", "autoscaling/v1")
        assert can_be_told(*asked, once, "autoscaling/v2", "autoscaling/v1")


def test_parts_of_an_element_that_is_there_twice() -> None:
    """Several keys tell elements apart; lists that are owned as a whole may have what they like."""
    ports = [{"containerPort": 1, "protocol": "TCP"}, {"containerPort": 1, "protocol": "UDP"}]
    for spec, expected in (
        ({"containers": [{"name": "a", "ports": ports, "args": ["x", "x"]}]}, True),
        ({"containers": [{"name": "a", "ports": [*ports, ports[0]]}]}, False),
        ({"containers": [{"name": "a", "env": [{"name": "E", "value": "1"}, {"name": "E", "value": "2"}]}]}, False),
    ):
        job = {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}
        assert can_be_told("1.33", "batch/v1", "CronJob", job, "batch/v1beta1") is expected


@pytest.mark.parametrize(("release", "kept"), [("1.29", []), ("1.36", []), ("1.37", ["gone.example.com/v1", "v1"])])
def test_what_becomes_of_managed_fields(release: str, kept: list[str]) -> None:
    """They are dropped where nobody can say who owns what; from 1.37 on all stay as they are, even those of no use."""
    entries = [{**OWNED, "apiVersion": version} for version in ("gone.example.com/v1", "v1")]
    codec = ObjectCodec(SCHEMES[release])

    def migrated(**more: Any) -> list[str]:
        metadata = {"name": "a", "namespace": "default", "uid": "u", "managedFields": entries}
        value = codec.encode({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, **more})
        found = codec.decode(codec.convert_typed(value, server=RunningServer())[1]).object
        return [one["apiVersion"] for one in found["metadata"].get("managedFields", [])]

    assert migrated(secrets=[{}]) == kept
    assert migrated(secrets=[{}, {"name": "a"}]) == kept
    assert migrated(secrets=[{"name": "a"}]) == ["v1"]


@pytest.mark.parametrize(("release", "kept"), [("1.33", []), ("1.37", ["autoscaling/v1", "autoscaling/v2"])])
def test_an_owner_that_is_named_twice(release: str, kept: list[str]) -> None:
    """It is named once by the first update; releases that keep what fails settle managedFields at the second."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u"}
    versions = ("autoscaling/v2", "gone.example.com/v1", "autoscaling/v1")
    metadata = {
        "name": "a", "namespace": "default", "uid": "u", "ownerReferences": [owner, owner],
        "managedFields": [{**OWNED, "apiVersion": version} for version in versions],
    }  # fmt: skip
    codec = ObjectCodec(SCHEMES[release])
    value = codec.encode({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata})
    once = codec.convert_typed(value, server=RunningServer())[1]
    assert codec.convert_typed(once, server=RunningServer())[1] == once
    found = codec.decode(once).object["metadata"]
    assert [one["apiVersion"] for one in found.get("managedFields", [])] == kept
    assert len(found["ownerReferences"]) == 1


@pytest.mark.parametrize(
    ("pointer", "element", "missing"),
    [
        (True, {}, True), (True, {"a": None}, True), (True, {"a": ""}, False), (True, {"a": 0}, False),
        (False, {}, True), (False, {"a": None}, True), (False, {"a": ""}, True), (False, {"a": 0}, True),
        (False, {"a": "x"}, False),
    ],
)  # fmt: skip
def test_what_go_leaves_out_of_an_element(pointer: bool, element: Obj, missing: bool) -> None:
    """Of a pointer only what points nowhere; of a plain value what is zero, too."""
    assert _Key("a", pointer).is_missing(element) is missing
