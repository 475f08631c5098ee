"""
What a running server does to objects beside its scheme, rule by rule; tests/e2e/test_aged.py asks real ones.
"""

from __future__ import annotations

import json
import lzma
from base64 import b64decode
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.aged_objects import all_aged

from kstore.catalog.releases import Release
from kstore.errors import KstoreError
from kstore.object_codec import ObjectCodec
from kstore.scheme.managed_fields import settled_entries
from kstore.scheme.registry import RunningServer
from kstore.scheme.running_server import is_removed_by_update
from kstore.scheme.scheme import Scheme

GOLDEN = Path(__file__).parents[1] / "golden" / "k8s-1.37-filled.jsonl.xz"
CODECS = {
    release: ObjectCodec(Scheme(Release(release)))
    for release in ("1.19", "1.20", "1.23", "1.24", "1.29", "1.33", "1.36", "1.37")
}
METADATA = {"name": "a", "namespace": "default", "uid": "u"}


def updated(obj: dict[str, Any], release: str = "1.37", family: str = "IPv4", media_type: str = "protobuf") -> Any:
    """An object as it is stored after a migration."""
    codec = CODECS[release]
    value = codec.encode({"metadata": dict(METADATA), **deepcopy(obj)}, media_type)
    return codec.decode(codec.convert_typed(value, drop_unknown_fields=True, server=RunningServer(family))[1]).object


def service(release: str = "1.37", family: str = "IPv4", **spec: Any) -> Any:
    """The spec of a Service."""
    obj = {"apiVersion": "v1", "kind": "Service", "spec": {"type": "ClusterIP", **spec}}
    return updated(obj, release, family)["spec"]


@pytest.mark.parametrize(
    ("spec", "families", "policy"),
    [
        ({"clusterIP": "10.0.0.7"}, ["IPv4"], "SingleStack"),
        ({"clusterIP": "fd00::7"}, ["IPv6"], "SingleStack"),
        ({"clusterIP": "fd00::7", "clusterIPs": ["fd00::7", "10.0.0.7"]}, ["IPv6", "IPv4"], "RequireDualStack"),
        ({"clusterIP": "None", "selector": {"a": "b"}}, ["IPv6"], "SingleStack"),
        ({"clusterIP": "None"}, ["IPv6", "IPv4"], "RequireDualStack"),
        ({"type": "ExternalName", "externalName": "x"}, None, None),
        ({}, ["IPv6"], "SingleStack"),
        ({"ipFamilies": ["IPv4", "IPv6"]}, ["IPv4"], "SingleStack"),
        ({"ipFamilyPolicy": "PreferDualStack"}, None, "PreferDualStack"),
    ],
)
def test_families_follow_from_addresses(spec: dict[str, Any], families: list[str] | None, policy: str | None) -> None:
    """Headless Services, and those without any address, have the cluster's first family, here IPv6."""
    found = service(family="IPv6", **spec)
    assert (found.get("ipFamilies"), found.get("ipFamilyPolicy")) == (families, policy)
    assert found.get("clusterIPs") == spec.get("clusterIPs", [spec["clusterIP"]] if "clusterIP" in spec else None)


@pytest.mark.parametrize(
    ("spec", "addresses", "families", "policy"),
    [
        ({"clusterIP": "None", "ipFamilies": ["IPv6"], "ipFamilyPolicy": "RequireDualStack"},
         ["None"], ["IPv6", "IPv4"], "RequireDualStack"),
        ({"clusterIP": "None", "ipFamilies": ["IPv4", "IPv6"]}, ["None"], ["IPv4", "IPv6"], "RequireDualStack"),
        ({"clusterIP": "None", "ipFamilyPolicy": "SingleStack"}, ["None"], ["IPv4"], "SingleStack"),
        ({"clusterIP": "None", "ipFamilyPolicy": "PreferDualStack"}, ["None"], ["IPv4", "IPv6"], "PreferDualStack"),
        ({"clusterIP": "None", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "PreferDualStack"},
         ["None"], ["IPv4"], "PreferDualStack"),
        ({"clusterIP": "None", "ipFamilyPolicy": "PreferDualStack", "selector": {"a": "b"}},
         ["None"], ["IPv4"], "PreferDualStack"),
        ({"clusterIP": "10.0.0.7", "ipFamilyPolicy": "PreferDualStack"}, ["10.0.0.7"], ["IPv4"], "PreferDualStack"),
        ({"clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7", "fd00::7"], "ipFamilies": ["IPv4", "IPv6"],
          "ipFamilyPolicy": "SingleStack"}, ["10.0.0.7"], ["IPv4"], "SingleStack"),
    ],
)  # fmt: skip
def test_what_an_update_makes_of_families(
    spec: dict[str, Any], addresses: list[str], families: list[str], policy: str
) -> None:
    """A policy that somebody chose stays, and what it asks for is done as far as it needs no new address."""
    found = service(**spec)
    assert (found["clusterIPs"], found["ipFamilies"], found["ipFamilyPolicy"]) == (addresses, families, policy)


def test_families_that_are_there_stay() -> None:
    """A policy that was chosen is nobody's business."""
    chosen: dict[str, Any] = {"clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7"], "ipFamilies": ["IPv4"]}
    assert service(**chosen, ipFamilyPolicy="PreferDualStack")["ipFamilyPolicy"] == "PreferDualStack"


def test_releases_without_the_fields_are_not_given_them() -> None:
    """1.19 has no clusterIPs, and no dataSourceRef."""
    assert "clusterIPs" not in service("1.19", clusterIP="10.0.0.7")
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"dataSource": {"kind": "K", "name": "n"}}}
    assert "dataSourceRef" not in updated(claim, "1.19")["spec"]


def test_a_reference_into_another_namespace_is_no_data_source() -> None:
    """Only dataSourceRef can say it."""
    reference = {"kind": "K", "name": "n", "namespace": "elsewhere", "apiGroup": "a.b"}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"dataSourceRef": reference}}
    assert "dataSource" not in updated(claim)["spec"]
    del reference["namespace"]
    assert updated(claim)["spec"]["dataSource"] == reference


@pytest.mark.parametrize(("release", "known"), [("1.19", False), ("1.20", True), ("1.23", True)])
def test_the_plural_of_an_address(release: str, known: bool) -> None:
    """A Service has clusterIPs and families since 1.20."""
    found = service(release, clusterIP="10.0.0.7")
    assert found.get("clusterIPs") == (["10.0.0.7"] if known else None)
    assert found.get("ipFamilies") == (["IPv4"] if known else None)


@pytest.mark.parametrize(("release", "known"), [("1.23", False), ("1.24", True), ("1.37", True)])
def test_the_two_names_of_a_data_source(release: str, known: bool) -> None:
    """Whichever is there is written as the other, too, since `AnyVolumeDataSource` is on: 1.24."""
    source = {"kind": "VolumeSnapshot", "name": "n", "apiGroup": "snapshot.storage.k8s.io"}
    for one, other in (("dataSource", "dataSourceRef"), ("dataSourceRef", "dataSource")):
        found = updated({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {one: source}}, release)["spec"]
        assert found[one] == source
        assert found.get(other) == (source if known else None)


@pytest.mark.parametrize(("release", "generation"), [("1.29", 3), ("1.36", 3), ("1.37", 4)])
def test_an_autoscaler_counts_its_changes_since_1_37(release: str, generation: int) -> None:
    """Here the rules of scaling down, which v2 fills in, and v1 keeps in an annotation as they were given."""
    behavior = {"autoscaling.alpha.kubernetes.io/behavior": '{"ScaleDown":{"StabilizationWindowSeconds":60}}'}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    autoscaler = {
        "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
        "metadata": {**METADATA, "annotations": behavior, "generation": 3},
        "spec": {"scaleTargetRef": target, "maxReplicas": 3},
    }  # fmt: skip
    found = updated(autoscaler, release)
    assert found["apiVersion"] == "autoscaling/v2"
    assert found["spec"]["behavior"]["scaleDown"]["policies"]
    assert found["metadata"]["generation"] == generation


@pytest.mark.parametrize("release", ["1.29", "1.37"])
def test_a_changed_template_counts(release: str) -> None:
    """From 1.37 on an update drops the annotations, and counts that; before, they are not even read."""
    labels = {"a": "b"}
    gone = {"pod.alpha.kubernetes.io/init-containers": "[]"}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels, "annotations": gone}}}
    for kind in ("Deployment", "DaemonSet", "ReplicaSet"):
        metadata = {**METADATA, "generation": 4}
        found = updated({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}, release)
        assert "annotations" not in found["spec"]["template"]["metadata"]
        assert found["metadata"]["generation"] == (5 if release == "1.37" else 4), kind


@pytest.mark.parametrize(
    ("resources", "dropped"),
    [({}, True), ({"limits": {}}, True), ({"claims": [{"name": "a"}]}, True), ({"requests": {"cpu": "1"}}, False)],
)
@pytest.mark.parametrize("release", ["1.33", "1.37"])
def test_resources_of_a_whole_pod_that_ask_for_none(release: str, resources: dict[str, Any], dropped: bool) -> None:
    """1.33 has the feature switched off, and takes them for not in use; what is dropped counts."""
    metadata = {**METADATA, "generation": 4}
    pod = {"containers": [{"name": "a", "image": "b"}], "resources": resources}
    template = {"metadata": {}, "spec": pod}
    is_gone = dropped and release == "1.33"
    for kind in ("Deployment", "DaemonSet"):
        found = updated(
            {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": {"template": template}}, release
        )
        assert ("resources" not in found["spec"]["template"]["spec"]) is is_gone
        assert found["metadata"]["generation"] == 4 + is_gone
    assert "resources" in updated({"apiVersion": "v1", "kind": "Pod", "spec": pod}, release)["spec"]


def test_defaults_of_the_new_version_count() -> None:
    """A NetworkPolicy of extensions/v1beta1 has no protocol; networking.k8s.io/v1 gives it one at the next read."""
    rules = {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}
    policy = {"apiVersion": "extensions/v1beta1", "kind": "NetworkPolicy", "spec": rules}
    found = updated({**policy, "metadata": {**METADATA, "generation": 7}})
    assert found["spec"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": 80}]}]
    assert found["metadata"]["generation"] == 8
    rules["ingress"] = [{"ports": [{"port": 80, "protocol": "UDP"}]}]
    assert updated({**policy, "metadata": {**METADATA, "generation": 7}})["metadata"]["generation"] == 7


RULE = {"ports": [{"port": 80, "protocol": "TCP"}]}


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        ({"podSelector": {}, "ingress": [RULE]}, False),
        ({"podSelector": {}, "egress": [{**RULE, "to": [{"namespaceSelector": {}}]}]}, False),
        ({"podSelector": {}, "ingress": [RULE], "egress": []}, True),
        ({"podSelector": {"matchLabels": {}}}, True),
        ({"podSelector": {}, "ingress": [{**RULE, "from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": []}}]}]}, True),
        ({"podSelector": {}, "policyTypes": []}, False),
    ],
)
def test_an_empty_list_of_a_network_policy_counts(spec: dict[str, Any], counts: bool) -> None:
    """Its strategy tells an empty list, which JSON can say, from none, which an update puts back."""
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": spec}
    policy["metadata"] = {**METADATA, "generation": 3}
    value = json.dumps(policy).encode()
    codec = CODECS["1.37"]
    written = codec.convert_typed(value, server=RunningServer())[1]
    assert codec.decode(written).object["metadata"]["generation"] == 3 + counts
    assert codec.convert_typed(written, server=RunningServer())[1] == written


@pytest.mark.parametrize("kind", ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"])
@pytest.mark.parametrize(
    ("part", "counts"),
    [
        ({}, False),
        ({"rules": []}, True),
        ({"clientConfig": {"url": "https://x", "caBundle": ""}}, True),
        ({"namespaceSelector": {"matchLabels": {}}}, True),
        ({"admissionReviewVersions": []}, False),
    ],
)
def test_what_is_empty_in_a_webhook_counts(kind: str, part: dict[str, Any], counts: bool) -> None:
    """An empty bundle of certificates, which protobuf holds, is dropped."""
    hook = {"name": "a.b.c", "clientConfig": {"url": "https://x"}, "sideEffects": "None", **part}
    metadata = {**METADATA, "generation": 3}
    obj = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": metadata, "webhooks": [hook]}
    codec = CODECS["1.37"]
    written = codec.convert_typed(json.dumps(obj).encode(), server=RunningServer())[1]
    found = codec.decode(written).object
    assert found["metadata"]["generation"] == 3 + counts
    assert found["webhooks"][0]["clientConfig"] == {"url": "https://x"}
    assert codec.convert_typed(written, server=RunningServer())[1] == written


@pytest.mark.parametrize("media_type", ["protobuf", "json"])
@pytest.mark.parametrize(("release", "generation"), [("1.37", 4), ("1.29", 3)])
def test_defaults_in_the_place_of_an_empty_list_count(media_type: str, release: str, generation: int) -> None:
    """
    An empty list keeps them away; what an update puts back has none, and gets them. Autoscalers count from 1.37 on.
    """
    spec = {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "d"},
            "behavior": {"scaleUp": {"policies": []}, "scaleDown": {"policies": []}}}  # fmt: skip
    obj = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": spec}
    value = json.dumps({**obj, "metadata": {**METADATA, "generation": 3}}).encode()
    codec = CODECS[release]
    written = codec.convert_typed(value, media_type=media_type, server=RunningServer())[1]
    found = codec.decode(written).object
    assert [one["type"] for one in found["spec"]["behavior"]["scaleUp"]["policies"]] == ["Pods", "Percent"]
    assert found["metadata"]["generation"] == generation
    assert codec.convert_typed(written, media_type=media_type, server=RunningServer())[1] == written


def test_empty_bytes_are_dropped() -> None:
    """An update puts back what JSON says, which leaves them out."""
    service = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "spec": {"caBundle": ""}}
    assert "caBundle" not in updated(service)["spec"]
    request = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "status": {"certificate": ""},
    }
    assert "certificate" not in (updated(request).get("status") or {})


def definition(versions: list[dict[str, Any]], api_version: str = "apiextensions.k8s.io/v1beta1") -> Any:
    """A CRD as an update leaves it."""
    names = {"plural": "kites", "kind": "Kite"}
    spec = {"group": "sky.example.com", "names": names, "scope": "Namespaced", "versions": versions}
    metadata = {"name": "kites.sky.example.com", "generation": 3}
    obj = {"apiVersion": api_version, "kind": "CustomResourceDefinition", "metadata": metadata}
    found = updated({**obj, "spec": {**spec, "preserveUnknownFields": False}}, media_type="json")
    return found["spec"], found["metadata"]["generation"]


def test_what_the_versions_of_a_definition_share_moves_to_the_top() -> None:
    """A CRD that is stored as v1beta1 is updated in v1, on the way to which it is told what all have in common."""
    schema = {"openAPIV3Schema": {"type": "object"}}
    one = {"name": "v1", "served": True, "storage": True, "schema": schema}
    other = {"name": "v2", "served": True, "storage": False, "schema": schema, "subresources": {"status": {}}}
    spec, generation = definition([one, other])
    assert (spec["validation"], generation) == (schema, 4)
    assert spec["versions"] == [
        {"name": "v1", "served": True, "storage": True},
        {"name": "v2", "served": True, "storage": False, "subresources": {"status": {}}},
    ]
    different = {**other, "schema": {"openAPIV3Schema": {"type": "object", "description": "x"}}}
    spec, generation = definition([one, different])
    assert ("validation" in spec, generation) == (False, 3)
    assert definition([one, other], "apiextensions.k8s.io/v1")[1] == 3


def test_the_bare_scheme_does_none_of_it() -> None:
    """Without a server the conversion is the scheme's alone."""
    codec = CODECS["1.37"]
    obj = {"apiVersion": "v1", "kind": "Service", "metadata": {**METADATA, "selfLink": "x"}}
    value = codec.encode({**obj, "spec": {"clusterIP": "10.0.0.7"}})
    found = codec.decode(codec.convert_typed(value)[1]).object
    assert found["metadata"]["selfLink"] == "x"
    assert "clusterIPs" not in found["spec"]


def entry(manager: str = "m", version: str = "v1", second: int = 0, **more: Any) -> dict[str, Any]:
    """An entry of managedFields."""
    return {
        "manager": manager, "operation": "Update", "apiVersion": version, "time": f"2020-01-01T00:00:0{second}Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}}, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "left"),
    [
        ([entry("b", second=2), entry("a", second=1)], ["a", "b"]),
        ([entry("b"), entry("a"), entry("c", operation="Apply")], ["c", "a", "b"]),
        ([entry("a"), entry("b", "v0")], ["a"]),
        ([entry("a", fieldsV1={}), entry("b")], ["b"]),
        ([entry("a", second=1), entry("a", second=2)], ["a"]),
        ([entry("a", "v1", operation="Apply"), entry("a", "v2", operation="Apply")], ["a"]),
        ([entry("a"), entry("b", operation="Patch")], []),
        ([entry("a"), entry("b", fieldsType="FieldsV2")], []),
        ([entry("a"), entry("b", "")], []),
        ([], []),
    ],
)
def test_managed_fields_have_one_form(entries: list[dict[str, Any]], left: list[str]) -> None:
    """Sorted, each manager once, none of a version that is gone, and none at all where one cannot be read."""
    found = settled_entries(entries, lambda version: version != "v0")
    assert [one["manager"] for one in found] == left
    if len(entries) > len(found) == 1 and entries[0]["manager"] == entries[1]["manager"]:
        assert found == [entries[-1]], "the last one counts"


@pytest.mark.parametrize("version", ["v1", "events.k8s.io/v1"])
def test_events_are_updated_through_two_groups(version: str) -> None:
    """Entries that speak of either group's stay; of all other kinds those of another server's go."""
    entries = [entry("a", "v1", fieldsV1={"f:type": {}}), entry("b", "events.k8s.io/v1", fieldsV1={"f:type": {}})]
    event = {"apiVersion": version, "kind": "Event", "metadata": {**METADATA, "managedFields": entries}}
    assert [one["manager"] for one in updated(event)["metadata"]["managedFields"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("owners", "left"),
    [(["a", "a", "b"], ["a", "b"]), (["a", "b", "a"], ["a", "b"]), (["a", "b"], ["a", "b"]), (["a"], ["a"])],
)
def test_owners_are_named_once(owners: list[str], left: list[str]) -> None:
    """The first of equal references stays; one uid with other members is another reference."""
    references = [{"apiVersion": "v1", "kind": "Node", "name": name, "uid": "same"} for name in owners]
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**METADATA, "ownerReferences": references}}
    assert [one["name"] for one in updated(obj)["metadata"]["ownerReferences"]] == left


@pytest.mark.parametrize("release", ["1.19", "1.29", "1.37"])
def test_a_second_migration_changes_no_aged_object(release: str) -> None:
    """Whatever an object lacks, once is enough."""
    codec, server = CODECS[release], RunningServer()
    for aged in all_aged():
        value = CODECS["1.37"].encode(aged.object, aged.media_type)
        once = codec.convert_typed(value, drop_unknown_fields=True, server=server)
        assert codec.convert_typed(once[1], drop_unknown_fields=True, server=server) == once, aged.key


@pytest.mark.large
def test_a_second_migration_changes_no_golden_object() -> None:
    """Objects with every field filled in at random, in every version that they can be stored in."""
    codec, server = CODECS["1.37"], RunningServer("IPv6")
    moved = []
    for line in lzma.decompress(GOLDEN.read_bytes()).splitlines()[::3]:
        case = json.loads(line)
        try:
            name, once = codec.convert_typed(b64decode(case["in"]), drop_unknown_fields=True, server=server)
        except KstoreError:
            continue
        if codec.convert_typed(once, drop_unknown_fields=True, server=server) != (name, once):
            moved.append(case["name"])
    assert moved == []


@pytest.mark.parametrize(
    ("spec", "families", "policy"),
    [
        ({"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv4"]}, ["IPv4"], "SingleStack"),
        ({"clusterIP": "None", "ipFamilies": ["IPv6"]}, ["IPv6", "IPv4"], "RequireDualStack"),
        ({"clusterIP": "None", "ipFamilies": ["IPv4"], "selector": {"a": "b"}}, ["IPv4"], "SingleStack"),
        ({"clusterIP": "None", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}, ["IPv4"], "SingleStack"),
    ],
)
def test_a_service_gets_the_policy_of_its_families(spec: dict[str, Any], families: list[str], policy: str) -> None:
    """What a server sets at an update, where nothing says the policy."""
    codec = ObjectCodec(Scheme(Release("1.37")))
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [], **spec}}
    _, value = codec.convert_typed(codec.encode(service), server=RunningServer())
    found = codec.decode(value).object["spec"]
    assert (found["ipFamilies"], found["ipFamilyPolicy"]) == (families, policy)


@pytest.mark.parametrize(
    ("kind", "metadata", "spec", "removed"),
    [
        ("Pod", {}, {}, True),
        ("Pod", {"deletionTimestamp": None}, {}, False),
        ("Pod", {"deletionGracePeriodSeconds": 30}, {}, False),
        ("Pod", {"deletionGracePeriodSeconds": 0}, {}, True),
        ("Pod", {"finalizers": ["a.example.com/b"]}, {}, False),
        ("Pod", {"finalizers": []}, {"finalizers": ["kubernetes"]}, True),
        ("Namespace", {}, {"finalizers": ["kubernetes"]}, False),
        ("Namespace", {}, {}, True),
    ],
)
def test_what_any_update_removes(kind: str, metadata: dict[str, Any], spec: dict[str, Any], removed: bool) -> None:
    """What is being deleted, has no time left, and is held by no finalizer, which a Namespace has in its spec, too."""
    metadata = {**METADATA, "deletionTimestamp": "2026-01-02T03:04:05Z", **metadata}
    assert is_removed_by_update(kind, {"metadata": metadata, "spec": spec}) is removed
