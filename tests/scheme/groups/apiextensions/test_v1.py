"""
apiextensions.k8s.io/v1: what all versions share is at the hub's top, and in v1 in each version.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

GROUP = "apiextensions.k8s.io"
COLUMN = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def convert(spec: dict[str, Any], version: str, to: str, release: str = "1.37") -> dict[str, Any]:
    """The spec of a CRD in another version, as it would be stored."""
    crd = {
        "apiVersion": f"{GROUP}/{version}",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "birds.example.com"},
        "spec": {"group": "example.com", "names": {"plural": "birds", "kind": "Bird"}, "scope": "Namespaced", **spec},
    }
    codec = ObjectCodec(Scheme(Release(release)))
    stored = codec.convert(json.dumps(crd).encode(), GroupVersion(GROUP, to), media_type="json")
    found: dict[str, Any] = json.loads(stored)["spec"]
    return found


def version(name: str, **members: Any) -> dict[str, Any]:
    """A version of a CRD; the first is stored."""
    return {"name": name, "served": True, "storage": name == "v1", **members}


def test_what_is_shared_moves_to_the_top() -> None:
    """Columns that all versions have stand once in v1beta1, and in v1beta1's spelling."""
    spec = convert(
        {"versions": [version(name, additionalPrinterColumns=[COLUMN]) for name in ("v1", "v2")]}, "v1", "v1beta1"
    )
    assert spec["additionalPrinterColumns"] == [
        {"name": "Age", "type": "date", "JSONPath": ".metadata.creationTimestamp"}
    ]
    assert spec["versions"] == [version("v1"), version("v2")]
    assert spec["version"] == "v1"


def test_what_differs_stays() -> None:
    """Schemas of versions that differ stay where they are."""
    versions = [
        version(name, schema={"openAPIV3Schema": {"type": "object", "description": name}}) for name in ("v1", "v2")
    ]
    spec = convert({"versions": versions}, "v1", "v1beta1")
    assert "validation" not in spec
    assert spec["versions"] == versions


def test_unset_and_zero_pointers_differ() -> None:
    """A maximum of 0 is another schema than none."""
    versions = [
        version("v1", schema={"openAPIV3Schema": {"maximum": 0}}),
        version("v2", schema={"openAPIV3Schema": {}}),
    ]
    assert "validation" not in convert({"versions": versions}, "v1", "v1beta1")


def test_the_top_goes_into_every_version() -> None:
    """What v1beta1 says once, v1 says in each version."""
    spec = convert(
        {
            "versions": [version("v1"), version("v2")],
            "subresources": {"status": {}},
            "validation": {"openAPIV3Schema": {"type": "object"}},
        },
        "v1beta1",
        "v1",
    )
    assert [one["subresources"] for one in spec["versions"]] == [{"status": {}}] * 2
    assert [one["schema"] for one in spec["versions"]] == [{"openAPIV3Schema": {"type": "object"}}] * 2


def test_selectable_fields_came_with_1_30() -> None:
    """A release that does not know a field leaves it alone."""
    versions = [version("v1", subresources={"status": {}})]
    assert convert({"versions": versions}, "v1", "v1beta1", "1.29")["subresources"] == {"status": {}}
    versions = [version("v1", selectableFields=[{"jsonPath": ".spec.image"}])]
    assert convert({"versions": versions}, "v1", "v1beta1")["selectableFields"] == [{"jsonPath": ".spec.image"}]


def test_webhook_both_ways() -> None:
    """v1 has the webhook's parts in an object of their own; its service's port is 443 unless said."""
    webhook = {"conversionReviewVersions": ["v1"], "clientConfig": {"service": {"namespace": "a", "name": "b"}}}
    conversion = {"strategy": "Webhook", "webhook": webhook}
    old = convert({"versions": [version("v1")], "conversion": conversion}, "v1", "v1beta1")["conversion"]
    assert old == {
        "strategy": "Webhook",
        "webhookClientConfig": {"service": {"namespace": "a", "name": "b", "port": 443}},
        "conversionReviewVersions": ["v1"],
    }
    new = convert({"version": "v1", "conversion": old}, "v1beta1", "v1")["conversion"]
    assert new["webhook"]["clientConfig"] == old["webhookClientConfig"]
    assert new["webhook"]["conversionReviewVersions"] == ["v1"]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('{"b": 1.0, "a": 1e3}', b'{"a":1000,"b":1}'),
        ("12345678901234567890", b"12345678901234567000"),
        (r'"<\ud800"', '"\\u003c\ufffd"'.encode()),
    ],
)
def test_json_in_schemas_is_parsed(text: str, printed: bytes) -> None:
    """Defaults come back as Go prints what it has parsed: sorted, numbers in its own form."""
    schema = '{"openAPIV3Schema": {"default": ' + text + "}}"
    crd = (
        '{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"x"},"spec":'
        f'{{"versions":[{{"name":"v1","schema":{schema}}}]}}}}'
    )
    codec = ObjectCodec(Scheme(Release("1.37")))
    stored = codec.convert(crd.encode(), GroupVersion(GROUP, "v1"), media_type="json")
    assert b'"default":' + printed + b"}" in stored


def test_a_default_of_null_is_none() -> None:
    """A default or example of null goes; null among enumerated values stays."""
    schema = {"openAPIV3Schema": {"default": None, "example": None, "enum": [None, 1]}}
    spec = convert({"versions": [version("v1", schema=schema)]}, "v1", "v1")
    assert spec["versions"][0]["schema"] == {"openAPIV3Schema": {"enum": [None, 1]}}
