"""
Stored protobuf straight to JSON text: always what decoding and printing gives, or nothing at all.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.catalog.releases import Release, newest
from kstore.decode.json import go_json
from kstore.decode.protobuf.text import ProtobufText
from kstore.errors import KstoreError
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme
from kstore.source.location.demo import open_demo

CODEC = ObjectCodec(Scheme(newest()))


def values() -> list[bytes]:
    """The protobuf values of the demo store."""
    with open_demo() as demo:
        return [record.value for record in demo.scan() if record.value.startswith(b"k8s\0")]


VALUES = values()


def expected(value: bytes, codec: ObjectCodec = CODEC) -> bytes | None:
    """What the general way gives."""
    try:
        return go_json.dumps(codec.decode(value).object)
    except KstoreError:
        return None


@pytest.mark.large
@pytest.mark.parametrize("release", ["1.37", "1.29", "1.20"])
def test_every_object_of_the_demo_store(release: str) -> None:
    """Once read and once remembered, the text is the same."""
    codec = ObjectCodec(Scheme(Release(release)))
    usual = ProtobufText(codec.scheme.catalog)
    taken = 0
    for value in VALUES * 2:
        read = usual.read(value)
        if read is not None:
            taken += 1
            assert read[1] == expected(value, codec)
    assert taken > 10


def test_parts_in_common() -> None:
    """Objects that share all but their names share what was read."""
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}}
    usual = ProtobufText(CODEC.scheme.catalog)
    for name in ("a", "b", "c"):
        value = CODEC.encode({**obj, "metadata": {"name": name, "managedFields": [{"manager": "m"}]}})
        read = usual.read(value)
        assert read is not None
        assert read[1] == expected(value)
        assert str(read[0]) == "v1 Pod"


def test_other_shapes() -> None:
    """Unknown fields, fields out of order or missing, another envelope: left to the general way."""
    usual = ProtobufText(CODEC.scheme.catalog)
    pod = CODEC.encode({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}})
    assert usual.read(pod) is not None
    assert usual.read(pod[:-4]) is None
    assert usual.read(pod + b"\x2a\x00") is None
    assert usual.read(b"") is None
    assert usual.read(b"{}") is None
    odd = b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x05\xfa\x07\x02hi\x1a\0\x22\0"
    assert usual.read(odd) is None
    assert expected(odd) is not None


@given(st.sampled_from(VALUES), st.integers(0), st.integers(1, 255))
def test_damaged_values(value: bytes, place: int, change: int) -> None:
    """One byte changed anywhere: the same text as the general way, or none; never an error."""
    at = place % len(value)
    changed = value[:at] + bytes([value[at] ^ change]) + value[at + 1 :]
    read = ProtobufText(CODEC.scheme.catalog).read(changed)
    if read is not None:
        assert read[1] == expected(changed)
