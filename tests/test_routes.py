"""
Where a direct conversion loses fields and another release keeps them, that release is named, and keeps them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.errors import UnknownFields
from kstore.naming import GroupVersion
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

V1 = GroupVersion("resource.k8s.io", "v1")
CODEC = ObjectCodec(Scheme(Release("1.37")))


def stored(kind: str, **members: Any) -> bytes:
    """An object of the third alpha of dynamic resource allocation, which 1.31 stored."""
    head = {"apiVersion": "resource.k8s.io/v1alpha3", "kind": kind, "metadata": {"name": "a", "uid": "u"}}
    return json.dumps({**head, **members}).encode()


REQUEST = {"name": "r", "deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 2}
CLAIM = stored("ResourceClaim", spec={"devices": {"requests": [REQUEST]}})
TEMPLATE = stored("ResourceClaimTemplate", spec={"spec": {"devices": {"requests": [REQUEST]}}})
SLICE = stored(
    "ResourceSlice",
    spec={
        "driver": "d",
        "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
        "nodeName": "n",
        "devices": [{"name": "d0", "basic": {"attributes": {"a": {"int": 1}}, "capacity": {"memory": "1Gi"}}}],
    },
)


def fault(value: bytes) -> UnknownFields:
    """What a direct conversion to v1 is refused with."""
    with pytest.raises(UnknownFields) as caught:
        CODEC.convert_typed(value, V1)
    return caught.value


@pytest.mark.parametrize(
    ("value", "said"), [(CLAIM, b"gpu"), (TEMPLATE, b"gpu"), (SLICE, b"memory")], ids=["claim", "template", "slice"]
)
def test_the_release_in_between_is_named(value: bytes, said: bytes) -> None:
    """1.33 has v1alpha3, and stores a version that 1.37 converts: by way of it nothing is lost."""
    error = fault(value)
    assert error.by_way_of == "1.33"
    assert error.hint.endswith("`to_release='1.33'` first, then `to_release='1.37'`")
    assert "`drop_unknown_fields=True`" not in error.hint
    _, between = ObjectCodec(Scheme(Release(error.by_way_of))).convert_typed(value)
    kind, plain = CODEC.convert_typed(between)
    assert kind.group_version == V1
    assert said in plain


@pytest.mark.parametrize(
    "value",
    [
        stored("ResourceClaim", spec={"controller": "c", "devices": {"requests": [REQUEST]}}),
        stored("DeviceClass", spec={"suitableNodes": {"nodeSelectorTerms": [{}]}}),
    ],
    ids=["controller", "suitableNodes"],
)
def test_a_way_that_loses_something_is_none(value: bytes) -> None:
    """What 1.32 took away is in no version that 1.37 knows: no release is named, and no option that empties it."""
    error = fault(value)
    assert error.by_way_of == ""
    assert "`drop_unknown_fields=True`" not in error.hint


def test_fields_that_nobody_knows() -> None:
    """Where the release itself has both versions, what it does not know it would drop."""
    with pytest.raises(UnknownFields, match=r"spec\.shoe") as caught:
        CODEC.convert_typed(b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"shoe":1}}')
    assert caught.value.by_way_of == ""
    assert "`drop_unknown_fields=True`" in caught.value.hint
