"""
A name that comes twice in an object of a type: what Go leaves in the struct.
"""

from __future__ import annotations

import pytest

from kstore.catalog.releases import newest
from kstore.errors import DecodeError
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

CODEC = ObjectCodec(Scheme(newest()))

_FIELD = '"resourceFieldRef":{"resource":"limits.cpu",%s}'
DIVIDED = f'"spec":{{"containers":[{{"name":"a","env":[{{"name":"x","valueFrom":{{{_FIELD}}}}}]}}]}}'
"""A Pod with a variable that has a quantity, which is no pointer."""


def stored(kind: str, members: str) -> bytes:
    """An object of the core group, as JSON text that no server wrote."""
    return f'{{"kind":"{kind}","apiVersion":"v1",{members}}}'.encode()


@pytest.mark.parametrize(
    ("kind", "members", "merged"),
    [
        # structs are filled field by field, maps key by key
        ("ConfigMap", '"metadata":{"name":"a","uid":"u"},"metadata":{"name":"b"}', '"metadata":{"name":"b","uid":"u"}'),
        ("ConfigMap", '"data":{"a":"1","b":"1"},"data":{"b":"2"}', '"data":{"a":"1","b":"2"}'),
        ("ConfigMap", '"data":{"a":"1"},"data":null', '"data":null'),
        ("ConfigMap", '"immutable":true,"immutable":null', '"immutable":null'),
        ("ConfigMap", '"metadata":{"name":"a"},"metadata":null', '"metadata":{"name":"a"}'),
        ("ConfigMap", '"metadata":{"name":"a","name":"b","uid":"u","uid":null}', '"metadata":{"name":"b","uid":"u"}'),
        # lists element by element; the second's length counts
        (
            "Pod",
            '"spec":{"containers":[{"name":"a","image":"i"},{"name":"c"}]},"spec":{"containers":[{"name":"b"}]}',
            '"spec":{"containers":[{"name":"b","image":"i"}]}',
        ),
        (
            "Pod",
            '"spec":{"nodeName":"n","containers":[{"name":"a","env":[{"name":"x","value":"1"}],"env":[{"name":"y"}]}]}',
            '"spec":{"nodeName":"n","containers":[{"name":"a","env":[{"name":"y","value":"1"}]}]}',
        ),
        # null empties what decodes itself
        ("Pod", '"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","creationTimestamp":null}', '"metadata":{}'),
        (
            "Pod",
            '"spec":{"volumes":[{"name":"v","emptyDir":{"sizeLimit":"1Gi","sizeLimit":null}}]}',
            '"spec":{"volumes":[{"name":"v","emptyDir":{}}]}',
        ),
        (
            "Pod",
            DIVIDED % '"divisor":"1","divisor":null',
            DIVIDED % '"divisor":"0"',
        ),
        # members that the type does not have: the last
        ("ConfigMap", '"other":{"a":1},"other":{"b":2}', '"other":{"b":2}'),
    ],
)
def test_the_second_is_read_into_the_first(kind: str, members: str, merged: str) -> None:
    """The object is the one that holds each name once."""
    read = CODEC.decode(stored(kind, members)).object
    assert read == CODEC.decode(stored(kind, merged)).object


@pytest.mark.parametrize("members", ['"data":{"a":1},"data":{"a":"1"}', '"metadata":"a","metadata":{"name":"b"}'])
def test_what_comes_first_must_fit_too(members: str) -> None:
    """Go reports what it could not hold, even where the same name comes again."""
    with pytest.raises(DecodeError):
        CODEC.decode(stored("ConfigMap", members))


def test_raw_text_is_the_last_one() -> None:
    """Raw JSON of a struct that comes twice is carried as it stood."""
    text = stored(
        "ConfigMap",
        '"metadata":{"managedFields":[{"manager":"m","fieldsV1":{"f:a":{}}}]},'
        '"metadata":{"managedFields":[{"operation":"Update","fieldsV1":{ "f:b":{} }}]}',
    )
    entry = CODEC.decode(text).object["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"], entry["fieldsV1"].data) == ("m", "Update", b'{ "f:b":{} }')
