"""
apiextensions.k8s.io/v1beta1: the definitions of Kubernetes 1.7, and what is filled in for them.
"""

from __future__ import annotations

import json
from typing import Any

from kstore.catalog.releases import Release
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

GROUP = "apiextensions.k8s.io"


def stored(spec: dict[str, Any], to: str = "v1beta1") -> dict[str, Any]:
    """A CRD of v1beta1 as it is stored in some version."""
    crd = {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "databases.example.com"},
        "spec": {"group": "example.com", "names": {"plural": "databases", "kind": "Database"}, **spec},
    }
    codec = ObjectCodec(Scheme(Release("1.37")))
    value = codec.convert(json.dumps(crd).encode(), GroupVersion(GROUP, to), media_type="json")
    found: dict[str, Any] = json.loads(value)
    return found


def test_defaults_of_a_first_definition() -> None:
    """A definition of one version and no schema keeps unknown fields, and lists its version."""
    crd = stored({"version": "v1"})
    assert crd["spec"] == {
        "group": "example.com",
        "version": "v1",
        "names": {"plural": "databases", "singular": "database", "kind": "Database", "listKind": "DatabaseList"},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True, "storage": True}],
        "conversion": {"strategy": "None"},
        "preserveUnknownFields": True,
    }
    assert crd["status"]["storedVersions"] == ["v1"]


def test_the_same_in_v1() -> None:
    """v1 says so with `preserveUnknownFields` at the top, and has no schema either."""
    spec = stored({"version": "v1"}, "v1")["spec"]
    assert spec["preserveUnknownFields"] is True
    assert spec["versions"] == [{"name": "v1", "served": True, "storage": True}]


def test_version_follows_versions() -> None:
    """The first of the list is `version`; the stored one begins the stored versions."""
    crd = stored({"versions": [{"name": "v2", "served": True}, {"name": "v1", "served": True, "storage": True}]})
    assert crd["spec"]["version"] == "v2"
    assert crd["status"]["storedVersions"] == ["v1"]


def test_old_webhooks_speak_v1beta1() -> None:
    """A webhook without review versions gets v1beta1."""
    conversion = {"strategy": "Webhook", "webhookClientConfig": {"url": "https://example.com"}}
    assert stored({"version": "v1", "conversion": conversion})["spec"]["conversion"] == {
        **conversion,
        "conversionReviewVersions": ["v1beta1"],
    }
