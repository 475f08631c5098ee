"""
Sets of fields as today's releases own them; what real servers make of them is held in tests/e2e/aged_objects.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.decode.json.raw_json import RawJSON
from kstore.naming import gvk
from kstore.scheme.field_ownership import FieldOwnership


def reconciled(api_version: str, kind: str, fields: dict[str, Any], release: str = "1.37") -> Any:
    """The set that becomes of one; None where it is left as it is, to the very object."""
    stored = RawJSON(json.dumps(fields, separators=(",", ":")).encode())
    found = FieldOwnership(Catalog(Release(release))).reconciled(gvk(api_version, kind), stored)
    return None if found is stored else json.loads(found.data)


@pytest.mark.parametrize(
    ("api_version", "kind", "fields", "expected"),
    [
        (  # a struct: networking.v1.ServiceBackendPort
            "networking.k8s.io/v1", "Ingress",
            {"f:spec": {"f:defaultBackend": {"f:service": {"f:name": {}, "f:port": {".": {}, "f:number": {}}}}}},
            {"f:spec": {"f:defaultBackend": {"f:service": {"f:name": {}, "f:port": {}}}}},
        ),
        (  # a struct of meta/v1: LabelSelector
            "apps/v1", "Deployment", {"f:spec": {"f:replicas": {}, "f:selector": {"f:matchLabels": {"f:a": {}}}}},
            {"f:spec": {"f:replicas": {}, "f:selector": {}}},
        ),
        (  # a map
            "v1", "Pod", {"f:spec": {"f:nodeSelector": {".": {}, "f:disk": {}}}}, {"f:spec": {"f:nodeSelector": {}}},
        ),
        (  # a list, in an element of one that is owned in parts
            "v1", "Pod",
            {"f:spec": {"f:containers": {'k:{"name":"ü<\\""}': {"f:command": {'v:"x"': {}}, "f:image": {}}}}},
            {"f:spec": {"f:containers": {'k:{"name":"ü<\\""}': {"f:command": {}, "f:image": {}}}}},
        ),
        (  # an element of a list that is owned by element, but each as a whole
            "v1", "Pod", {"f:spec": {"f:imagePullSecrets": {'k:{"name":"p"}': {".": {}, "f:name": {}}}}},
            {"f:spec": {"f:imagePullSecrets": {'k:{"name":"p"}': {}}}},
        ),
        (  # a value of any type
            "apps/v1", "ControllerRevision", {"f:data": {".": {}, "f:spec": {"f:template": {}}}, "f:revision": {}},
            {"f:data": {}, "f:revision": {}},
        ),
        (  # the same, in an element of a list that is owned in parts
            "resource.k8s.io/v1", "ResourceClaim",
            {"f:status": {"f:devices": {'k:{"device":"d","driver":"e","pool":"p"}': {"f:data": {"f:a": {}}}}}},
            {"f:status": {"f:devices": {'k:{"device":"d","driver":"e","pool":"p"}': {"f:data": {}}}}},
        ),
        (  # of a server of its own
            "apiextensions.k8s.io/v1", "CustomResourceDefinition",
            {"f:spec": {"f:versions": {".": {}, 'k:{"name":"v1"}': {".": {}, "f:name": {}}}}},
            {"f:spec": {"f:versions": {}}},
        ),
    ],
)  # fmt: skip
def test_what_is_owned_as_a_whole(
    api_version: str, kind: str, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Whoever owned a part owns the whole; done twice nothing more changes."""
    assert reconciled(api_version, kind, fields) == expected
    assert reconciled(api_version, kind, expected) is None


@pytest.mark.parametrize(
    ("api_version", "kind", "fields"),
    [
        # the one field whose struct, an ObjectReference, is owned as a whole everywhere else
        ("v1", "PersistentVolume", {"f:spec": {"f:claimRef": {".": {}, "f:name": {}, "f:uid": {}}}}),
        ("v1", "ConfigMap", {"f:data": {".": {}, "f:a": {}}, "f:metadata": {"f:labels": {"f:selector": {}}}}),
        (
            "v1",
            "Pod",
            {"f:metadata": {"f:ownerReferences": {'k:{"uid":"u"}': {}}}, "f:spec": {"f:nodeSelector": {}}},
        ),
        (
            "apps/v1",
            "Deployment",
            {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:selector": {"f:x": {}}}}}}},
        ),
        ("v1", "Pod", {"f:gone": {"f:nodeSelector": {"f:x": {}}}}),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            {"f:status": {"f:conditions": {'k:{"type":"a"}': {".": {}, "f:type": {}}}}},
        ),
    ],
)
def test_what_is_owned_in_parts(api_version: str, kind: str, fields: dict[str, Any]) -> None:
    """It stays as it is, whatever its members are called; so does what no release has."""
    assert reconciled(api_version, kind, fields) is None


def test_a_release_has_its_own_schema() -> None:
    """The port of an Ingress's backend is owned as a whole from 1.31 on."""
    fields = {"f:spec": {"f:defaultBackend": {"f:service": {"f:port": {"f:number": {}}}}}}
    assert reconciled("networking.k8s.io/v1", "Ingress", fields, "1.30") is None
    assert reconciled("networking.k8s.io/v1", "Ingress", fields, "1.31") is not None


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b'"f:spec"', b'{"f:spec":{"f:nodeSelector":{"f:x":{}}', b"\xff"])
def test_what_is_no_set(data: bytes) -> None:
    """It is left as it is: whether a server can read it is looked at before."""
    stored = RawJSON(data)
    assert FieldOwnership(Catalog(Release("1.37"))).reconciled(gvk("v1", "Pod"), stored) is stored
