"""
Custom resources that an apiserver stored as CBOR are rewritten as CBOR.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore import custom
from kstore.catalog.releases import Release
from kstore.codec import StorageCodec
from kstore.custom import CustomConverter, CustomDefinition
from kstore.decode import cbor
from kstore.migrate.plan import Change, VersionPlanner
from kstore.migrate.targets import VersionTargets
from kstore.naming import GroupVersion
from kstore.records import Record
from kstore.scheme.scheme import Scheme

CRD: dict[str, Any] = {
    "metadata": {"name": "birds.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"plural": "birds", "kind": "Bird"},
        "versions": [
            {
                "name": name,
                "served": True,
                "storage": name == "v2",
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
            for name in ("v1", "v2")
        ],
    },
}
BIRD = {
    "apiVersion": "example.com/v1",
    "kind": "Bird",
    "metadata": {"name": "robin", "namespace": "default", "generation": 1},
    "spec": {"wings": 2, "weight": 16.0, "song": "tsip"},
}


@pytest.mark.parametrize("encoding", ["cbor", "json"])
def test_the_encoding_stays(encoding: str) -> None:
    """Another version in the encoding that was there; a float without a fraction stays a float in CBOR."""
    codec = StorageCodec(Scheme(Release("1.37")))
    converter = CustomConverter(CustomDefinition.of(CRD), codec.scheme.typed)
    targets = VersionTargets(codec.scheme, (GroupVersion("example.com", "v2"),), frozenset({"example.com"}))
    planner = VersionPlanner(codec, targets, custom_converter=lambda _: converter)
    value = custom.write(custom.normalize(BIRD), encoding)
    (change,) = planner.plan([Record(b"/registry/example.com/birds/default/robin", value, 1, 2, 1, 0)])
    assert isinstance(change, Change)
    moved = {**BIRD, "apiVersion": "example.com/v2"}
    assert change.value == custom.write(custom.normalize(moved), encoding)
    assert change.value.startswith(b"\xd9\xd9\xf7") == (encoding == "cbor")
    if encoding == "cbor":
        assert isinstance(cbor.loads(change.value)["spec"]["weight"], float)
