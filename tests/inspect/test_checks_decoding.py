"""
What a server can decode and what it cannot, as check has it: JSON that nobody wrote, kinds and versions that are gone.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.customresource import unstructured as custom
from kstore.inspect.checks import run_checks
from kstore.inspect.findings import Finding
from kstore.inspect.survey import Survey

from .conftest import MemorySource, OpenStore, config_map

SCHEMA = {
    "openAPIV3Schema": {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {
            "spec": {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {
                    "template": {
                        "type": "object",
                        "x-kubernetes-embedded-resource": True,
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        },
    }
}
CRD: dict[str, Any] = {
    "kind": "CustomResourceDefinition",
    "apiVersion": "apiextensions.k8s.io/v1",
    "metadata": {"name": "gulls.sea.example.com"},
    "spec": {
        "group": "sea.example.com",
        "names": {"plural": "gulls", "kind": "Gull"},
        "scope": "Namespaced",
        "versions": [{"name": "v2", "served": True, "storage": True, "schema": SCHEMA}],
    },
    "status": {"storedVersions": ["v1", "v2"]},
}
GULL = "/registry/sea.example.com/gulls/default/g"


@pytest.fixture
def store(source: MemorySource) -> MemorySource:
    """A store with a CRD, in which nothing is wrong."""
    namespace = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "default"}}
    source.put("/registry/namespaces/default", namespace)
    source.put("/registry/configmaps/default/a", config_map("a"))
    crd = copy.deepcopy(CRD)
    crd["status"]["storedVersions"] = ["v2"]
    source.put("/registry/apiextensions.k8s.io/customresourcedefinitions/gulls.sea.example.com", crd)
    return source


def gull(spec: str = "{}", metadata: str = '{"name":"g","namespace":"default"}', version: str = "v2") -> bytes:
    """A custom object as text."""
    head = f'"apiVersion":"sea.example.com/{version}","kind":"Gull"'
    return f'{{{head},"metadata":{metadata},"spec":{spec}}}'.encode("latin-1")


def checked(open_store: OpenStore, release: str = "1.37") -> dict[str, list[Finding]]:
    """What is found, by the check's id, but for the CRD's own version: servers store v1beta1."""
    found: dict[str, list[Finding]] = {}
    for one in run_checks(Survey(open_store(release), Release(release))):
        if one.rule.id != "other-version":
            found.setdefault(one.rule.id, []).append(one)
    return found


@pytest.mark.parametrize(
    "value",
    [
        gull('{"n":1e309}'),
        gull('{"l":[{"n":-1e999}]}'),
        gull(metadata='"text"'),
        gull(metadata="[1]"),
        gull('{"template":{"metadata":"text"}}'),
        gull('{"template":{"metadata":[]}}'),
        gull("{"),
        gull('{"a":' * 10_001 + "1" + "}" * 10_001),
    ],
)
def test_what_a_server_refuses_is_an_error(store: MemorySource, open_store: OpenStore, value: bytes) -> None:
    """Each of these fails every list of the resource."""
    store.put(GULL, value)
    found = checked(open_store)
    assert list(found) == ["undecodable"]
    assert [key for key, _ in found["undecodable"][0].keys] == [GULL]


@pytest.mark.large
@pytest.mark.parametrize(
    ("value", "deviation"),
    [
        (gull('{"a":1,"a":2}'), "a name twice in one object"),
        (gull('{"l":[{"a":{"b":1},"a":{}}]}'), "a name twice in one object"),
        (gull('{"a":"x\xff"}'), "bytes that are no UTF-8"),
        (gull('{"\xe4\xb8":1}'), "bytes that are no UTF-8"),
        (gull('{"a":' * 900 + "1" + "}" * 900), "nested deeper than 200 levels"),
        (gull('{"a":' + "[" * 9_990 + "]" * 9_990 + "}"), "nested deeper than 200 levels"),
    ],
)
def test_what_a_server_reads_is_a_note(
    store: MemorySource, open_store: OpenStore, value: bytes, deviation: str
) -> None:
    """A server serves it: nothing is said to be undecodable, and nothing is to be deleted."""
    store.put(GULL, value)
    found = checked(open_store)
    assert list(found) == ["unusual-json"]
    (finding,) = found["unusual-json"]
    assert (finding.rule.severity, finding.subject) == ("note", f"gulls.sea.example.com, {deviation}")
    assert "delete" not in finding.command


@pytest.mark.parametrize(
    "value",
    [
        gull('{"template":{"metadata":{"name":1},"kind":2}}'),
        gull('{"template":{"metadata":null}}'),
        gull(metadata='{"name":"g","namespace":"default","labels":7}'),
        gull('{"n":1e308, "text":"\\u00e9\\ud800"}'),
        gull('{"a":' * 150 + "1" + "}" * 150),
    ],
)
def test_what_a_server_drops_is_nothing(store: MemorySource, open_store: OpenStore, value: bytes) -> None:
    """Malformed fields of metadata are dropped when it is read; odd spelling is no fault."""
    store.put(GULL, value)
    assert checked(open_store) == {}


@pytest.mark.parametrize(
    ("key", "api_version", "kind"),
    [
        ("deployments", "apps/v2", "Deployment"),
        ("configmaps", "v1", "Wrong"),
        ("cronjobs", "batch/v2alpha1", "ScheduledJob"),
        ("pods", "v1", "ConfigMap"),
        ("deployments", "apps/v1", "StatefulSet"),
        ("services/specs", "v3", "Service"),
    ],
)
@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_kinds_at_built_in_keys(
    store: MemorySource, open_store: OpenStore, key: str, api_version: str, kind: str, encoding: str
) -> None:
    """What no kind is registered for fails the list of the resource at whose key it is, in either encoding."""
    from kstore.decode.envelope import write_envelope

    obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "default"}}
    value = json.dumps(obj).encode() if encoding == "json" else write_envelope(api_version, kind, b"")
    store.put(f"/registry/{key}/default/a", value)
    assert "unknown-to-target" in checked(open_store)


@pytest.mark.parametrize(
    ("key", "api_version", "kind"),
    [
        ("deployments", "apps/v1beta1", "Deployment"),
        ("deployments", "extensions/v1beta1", "Deployment"),
        ("events", "events.k8s.io/v1", "Event"),
        ("ingress", "extensions/v1beta1", "Ingress"),
        ("controllers", "v1", "ReplicationController"),
    ],
)
def test_kinds_that_share_a_key(
    store: MemorySource, open_store: OpenStore, key: str, api_version: str, kind: str
) -> None:
    """Another group's version of the same kind is decoded all the same."""
    obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "default"}}
    store.put(f"/registry/{key}/default/a", json.dumps(obj).encode())
    assert "unknown-to-target" not in checked(open_store)


def test_cbor(store: MemorySource, open_store: OpenStore) -> None:
    """Servers before 1.32 cannot read CBOR; those from 1.32 on can, their gate on or off."""
    store.put(GULL, custom.write(json.loads(gull()), "cbor"))
    for release in ("1.29", "1.31"):
        (finding,) = checked(open_store, release)["unknown-to-target"]
        assert finding.keys == [(GULL, "")]
        assert finding.command == f"kstore migrate gulls.sea.example.com --to-release {release}"
    for release in ("1.32", "1.37"):
        assert checked(open_store, release) == {}


def test_a_version_that_has_left_the_crd(store: MemorySource, open_store: OpenStore) -> None:
    """The advice is what works: the version back, or a migration that assumes another; first to be looked at."""
    store.put(GULL, gull(version="v1"))
    (finding,) = checked(open_store)["unknown-to-target"]
    assert finding.command == (
        "kstore migrate gulls.sea.example.com --to sea.example.com/v2 --assume-version sea.example.com/v2 "
        "--dry-run=diff; "
        "kstore migrate gulls.sea.example.com --to sea.example.com/v2 --assume-version sea.example.com/v2"
    )
    assert "put v1 back" in finding.words


def test_a_way_through_another_release(store: MemorySource, open_store: OpenStore) -> None:
    """Where a release in between keeps all, it comes first; where none does, no command empties the object."""
    spec = {"devices": {"requests": [{"name": "r", "deviceClassName": "g", "allocationMode": "All"}]}}
    claim = {"apiVersion": "resource.k8s.io/v1alpha3", "kind": "ResourceClaim"}
    for name, more in (("kept", {}), ("lost", {"controller": "c"})):
        value = {**claim, "metadata": {"name": name, "namespace": "default"}, "spec": {**spec, **more}}
        store.put(f"/registry/resourceclaims/default/{name}", value)
    by_key = {one.keys[0][0].rpartition("/")[2]: one for one in checked(open_store)["unknown-to-target"]}
    migrate = ("kstore", "migrate", "resourceclaims.resource.k8s.io", "--to-release")
    assert by_key["kept"].advice == (
        (*migrate, "1.33", "--stored-version", "resource.k8s.io/v1alpha3"),
        (*migrate, "1.37"),
    )
    assert by_key["lost"].advice == (("kstore", "get", "/registry/resourceclaims/default/lost", "-o", "storage"),)
