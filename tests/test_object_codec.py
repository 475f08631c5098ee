"""
The codec loses nothing in silence: what a release does not know is kept, or its loss is refused.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore import wire
from kstore.catalog.releases import Release
from kstore.decode import cbor
from kstore.decode.envelope import read_envelope, write_envelope
from kstore.errors import DecodeError, EncodeError, KstoreError, UnknownFields, UnknownKind, UsageError
from kstore.naming import GroupVersion, parse_group_version
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

APPS = GroupVersion("apps", "v1")
DEPLOYMENT: dict[str, Any] = {
    "kind": "Deployment",
    "apiVersion": "apps/v1",
    "metadata": {"name": "webserver", "namespace": "default"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [{"name": "nginx", "image": "nginx"}, {"name": "side"}],
                "volumes": [{"name": "scratch", "emptyDir": {}}],
            },
        },
    },
}
NEW_FIELD = wire.delimited(999, b"of a newer server")


@pytest.fixture(scope="module")
def codec() -> ObjectCodec:
    """The codec of the newest release."""
    return ObjectCodec(Scheme(Release("1.37")))


def grow(message: bytes, path: list[tuple[int, int]], field: bytes) -> bytes:
    """
    A message with a further field somewhere within it.

    Args:
        path: for each level the field's number and which of its occurrences.
    """
    if not path:
        return message + field
    (wanted, occurrence), *rest = path
    out, i = b"", 0
    while i < len(message):
        number, end = wire.skip_field(message, i, len(message))
        content = wire.read_varint(message, wire.read_varint(message, i)[1])[1]
        if number == wanted:
            if occurrence == 0:
                out += wire.delimited(number, grow(message[content:end], rest, field))
                i = end
                occurrence -= 1
                continue
            occurrence -= 1
        out += message[i:end]
        i = end
    return out


def of_newer_server(codec: ObjectCodec, path: list[tuple[int, int]], field: bytes = NEW_FIELD) -> bytes:
    """The Deployment as a server would store it whose types have one more field."""
    envelope = read_envelope(codec.encode(DEPLOYMENT))
    return write_envelope("apps/v1", "Deployment", grow(envelope.body, path, field))


SPEC, TEMPLATE, POD_SPEC = (2, 0), (3, 0), (2, 0)
PLACES: dict[str, list[tuple[int, int]]] = {
    "$unknownFields": [],
    "metadata.$unknownFields": [(1, 0)],
    "spec.$unknownFields": [SPEC],
    "spec.template.spec.containers[1].$unknownFields": [SPEC, TEMPLATE, POD_SPEC, (2, 1)],
    "spec.template.spec.volumes[0].$unknownFields": [SPEC, TEMPLATE, POD_SPEC, (1, 0)],
    # VolumeSource is inline in JSON and a message of its own on the wire
    "spec.template.spec.volumes[0].$unknownFields/VolumeSource": [SPEC, TEMPLATE, POD_SPEC, (1, 0), (2, 0)],
}


@pytest.mark.parametrize("path", PLACES)
def test_unknown_protobuf_fields_are_kept(codec: ObjectCodec, path: str) -> None:
    """A field of a newer server is shown where it was, and is there again when the object is encoded."""
    value = of_newer_server(codec, PLACES[path])
    shown = codec.decode(value).object
    assert base64.b64encode(NEW_FIELD).decode() in json.dumps(shown)
    assert value == codec.encode(json.loads(json.dumps(shown)))


@pytest.mark.large
@pytest.mark.parametrize("path", PLACES)
def test_dropping_them_is_refused(codec: ObjectCodec, path: str) -> None:
    """A conversion names the field that it would drop; told to drop it, it does as the apiserver would."""
    value = of_newer_server(codec, PLACES[path])
    with pytest.raises(UnknownFields) as caught:
        codec.convert(value, APPS)
    assert (path,) == caught.value.paths
    assert codec.convert(codec.encode(DEPLOYMENT), APPS) == codec.convert(value, APPS, drop_unknown_fields=True)


def test_a_field_between_others_stays_there(codec: ObjectCodec) -> None:
    """An unknown number between known ones is written in its place, as the newer server writes it."""
    replicas_and_more = wire.tag(6, wire.VARINT) + b"\1"
    value = of_newer_server(codec, [SPEC], NEW_FIELD)
    assert value == codec.encode(codec.decode(value).object)
    plain = codec.decode(codec.encode(DEPLOYMENT)).object
    plain["spec"]["$unknownFields"] = base64.b64encode(wire.tag(500, wire.VARINT) + b"\7").decode()
    encoded = codec.encode(plain)
    assert codec.decode(encoded).object["spec"]["$unknownFields"] == plain["spec"]["$unknownFields"]
    assert replicas_and_more not in encoded


def test_an_older_release_keeps_what_a_newer_one_wrote(codec: ObjectCodec) -> None:
    """A Pod's resources, which came with 1.32, survive a look by 1.29."""
    pod = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c"}], "resources": {"limits": {"cpu": "1"}}},
    }
    value = codec.encode(pod)
    older = ObjectCodec(Scheme(Release("1.29")))
    seen = older.decode(value).object
    assert "resources" not in seen["spec"]
    kept = codec.decode(older.encode(seen)).object
    assert kept["spec"]["resources"] == {"limits": {"cpu": "1"}}
    assert value == codec.encode(kept)  # what is not set in fields that came later is not kept: it says nothing
    with pytest.raises(UnknownFields, match=r"spec\.\$unknownFields"):
        older.convert(value, GroupVersion("", "v1"))


UNSET: dict[str, dict[str, Any]] = {
    "Lease": {"apiVersion": "coordination.k8s.io/v1", "metadata": {"name": "a"}, "spec": {"holderIdentity": "x"}},
    "ConfigMap": {"apiVersion": "v1", "metadata": {"name": "a", "labels": {"a": "b"}}, "data": {"k": "v"}},
    "Pod": {
        "apiVersion": "v1",
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "c"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    },
    "StatefulSet": {"apiVersion": "apps/v1", "metadata": {"name": "a"}, "spec": {}, "status": {"replicas": 1}},
}


@pytest.mark.parametrize(("written", "read"), [("1.17", "1.37"), ("1.23", "1.29"), ("1.24", "1.25"), ("1.37", "1.29")])
@pytest.mark.parametrize("kind", UNSET)
def test_what_another_release_writes_for_nothing_is_no_unknown_field(kind: str, written: str, read: str) -> None:
    """Up to 1.24 every object has an empty clusterName in its bytes; newer ones have fields of their own."""
    obj = {"kind": kind, **UNSET[kind]}
    writer, reader = ObjectCodec(Scheme(Release(written))), ObjectCodec(Scheme(Release(read)))
    value = writer.encode(obj)
    assert (value == reader.encode(obj)) is (written == "1.37" and kind in ("Lease", "ConfigMap", "StatefulSet"))
    assert reader.encode(reader.decode(value).object) == reader.encode(obj)
    to = parse_group_version(obj["apiVersion"])
    assert reader.convert(value, to) == reader.convert(reader.encode(obj), to)


def test_what_is_set_is_an_unknown_field() -> None:
    """A name of a cluster that somebody gave is told before it is dropped."""
    obj = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "clusterName": "east"}}
    value = ObjectCodec(Scheme(Release("1.20"))).encode(obj)
    codec = ObjectCodec(Scheme(Release("1.37")))
    assert base64.b64decode(codec.decode(value).object["metadata"]["$unknownFields"]) == b"z\x04east"
    with pytest.raises(UnknownFields, match=r"metadata\.\$unknownFields"):
        codec.convert(value, GroupVersion("", "v1"))


def test_a_pointer_to_nothing_is_set() -> None:
    """An empty hostname, which came with 1.34, is another thing than none."""
    spec = {"containers": [{"name": "c"}], "hostnameOverride": ""}
    value = ObjectCodec(Scheme(Release("1.37"))).encode({"kind": "Pod", **UNSET["Pod"], "spec": spec})
    found = ObjectCodec(Scheme(Release("1.29"))).decode(value).object
    assert base64.b64decode(found["spec"]["$unknownFields"]) == wire.tag(41, wire.BYTES) + b"\0"
    assert "$unknownFields" not in found["status"]


CLAIM: dict[str, Any] = {
    "kind": "ResourceClaim",
    "apiVersion": "resource.k8s.io/v1",
    "metadata": {"name": "claim"},
    "spec": {
        "devices": {
            "requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpus", "allocationMode": "All"}}],
        },
    },
}


def test_a_version_that_the_release_lacks_is_not_emptied(codec: ObjectCodec) -> None:
    """A claim of 1.34 has nothing in common with one of 1.29 but the name: what would be lost is named."""
    older = ObjectCodec(Scheme(Release("1.29")))
    value = codec.encode(CLAIM)
    alpha = GroupVersion("resource.k8s.io", "v1alpha2")
    with pytest.raises(UnknownFields) as caught:
        older.convert(value, alpha)
    assert caught.value.paths == ("spec.devices.requests",)
    assert "resource.k8s.io/v1 beside resource.k8s.io/v1alpha2" in (caught.value.hint or "")
    dropped = older.decode(older.convert(value, alpha, drop_unknown_fields=True)).object
    assert dropped["apiVersion"] == "resource.k8s.io/v1alpha2"
    assert "devices" not in dropped["spec"]


def test_a_version_that_the_release_lacks_is_converted_where_nothing_is_lost(codec: ObjectCodec) -> None:
    """What means the same in both versions goes up and down between releases that have only one of them."""
    older = ObjectCodec(Scheme(Release("1.29")))
    empty = {"kind": "ResourceClaim", "apiVersion": "resource.k8s.io/v1", "metadata": {"name": "claim"}}
    assert older.convert(codec.encode(empty), GroupVersion("resource.k8s.io", "v1alpha2"))
    flow = {
        "kind": "FlowSchema",
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3",
        "metadata": {"name": "flow"},
        "spec": {"priorityLevelConfiguration": {"name": "level"}, "matchingPrecedence": 7},
    }
    assert codec.convert(older.encode(flow), GroupVersion("flowcontrol.apiserver.k8s.io", "v1"))


def test_unknown_json_members(codec: ObjectCodec) -> None:
    """A member that a type does not have is kept in JSON, last; converting names its path or drops it."""
    stored = json.loads(json.dumps(DEPLOYMENT))
    stored["spec"]["template"]["spec"]["containers"][1]["newMember"] = {"a": [1]}
    stored["novel"] = True
    value = json.dumps(stored).encode()
    shown = codec.decode(value).object
    assert shown["spec"]["template"]["spec"]["containers"][1]["newMember"] == {"a": [1]}
    assert json.loads(codec.encode(shown, "json")) == shown
    with pytest.raises(UnknownFields) as caught:
        codec.convert(value, APPS)
    assert set(caught.value.paths) == {"spec.template.spec.containers[1].newMember", "novel"}
    dropped = codec.convert(value, APPS, media_type="json", drop_unknown_fields=True)
    assert b"newMember" not in dropped
    assert b"novel" not in dropped


def test_protobuf_cannot_hold_unknown_members(codec: ObjectCodec) -> None:
    """A member without a number has no place in protobuf, so encoding refuses instead of losing it."""
    with pytest.raises(UnknownFields, match=r"spec\.novel"):
        codec.encode({**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "novel": 1}})


def test_json_cannot_hold_unknown_fields(codec: ObjectCodec) -> None:
    """A field without a name has no place in JSON: an apiserver that reads it would drop it."""
    shown = codec.decode(of_newer_server(codec, [SPEC])).object
    with pytest.raises(UnknownFields, match=r"spec\.\$unknownFields"):
        codec.encode(shown, "json")


@pytest.mark.parametrize(
    "kept", ["not base64!", base64.b64encode(b"\x0a\xff").decode(), 7, base64.b64encode(b"\x0b").decode()]
)
def test_broken_unknown_fields(codec: ObjectCodec, kept: Any) -> None:
    """What claims to be unknown fields and is none cannot be written."""
    with pytest.raises((EncodeError, DecodeError)):
        codec.encode({**DEPLOYMENT, "$unknownFields": kept})


@given(st.lists(st.tuples(st.integers(900, 2000), st.binary(max_size=8)), min_size=1, max_size=4))
def test_any_unknown_fields(fields: list[tuple[int, bytes]]) -> None:
    """Whatever a newer server adds in ascending order comes back as the very bytes."""
    codec = CODEC
    added = b"".join(wire.delimited(number, content) for number, content in sorted(fields))
    value = of_newer_server(codec, [SPEC, TEMPLATE, POD_SPEC], added)
    assert value == codec.encode(codec.decode(value).object)


CODEC = ObjectCodec(Scheme(Release("1.37")))


# ---- where a value is broken

_BROKEN_TIME = wire.delimited(8, b"\x0e")
"""`creationTimestamp`, whose one byte begins a field of a wire type that there is not."""


@pytest.mark.parametrize(
    ("version", "kind", "cause"),
    [
        ("v1", "ConfigMap", "wire type 6 is not used"),
        ("apps/v1", "ControllerRevision", "wire type 6 is not used"),
        ("v1", "Secret", "*****"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_the_byte_is_that_of_the_value(codec: ObjectCodec, version: str, kind: str, cause: str, wrapped: bool) -> None:
    """It is counted from the value's beginning, before which no envelope is; nothing of a Secret is quoted."""
    value = write_envelope(version, kind, wire.delimited(1, wire.delimited(1, b"name") + _BROKEN_TIME))
    with pytest.raises(DecodeError) as caught:
        codec.decode(base64.b64encode(value) if wrapped else value)
    place = value.index(_BROKEN_TIME) + len(_BROKEN_TIME) - 1
    assert str(caught.value) == f"no Time: {cause} at byte {place} in metadata.creationTimestamp"


def test_the_byte_of_an_event_of_a_watch() -> None:
    """Its envelope names no type, and is before it all the same."""
    sent = ObjectCodec(Scheme(Release("1.37"), sent=True))
    value = write_envelope("", "", wire.delimited(1, b"ADDED") + wire.delimited(2, b"\x0e"))
    with pytest.raises(DecodeError, match="RawExtension") as caught:
        sent.decode(value)
    assert caught.value.offset == value.index(b"\x0e")


# ---- CBOR


def test_custom_resources_in_cbor(codec: ObjectCodec) -> None:
    """A custom resource stored as CBOR is read, and written again to the same bytes."""
    bird = {"apiVersion": "example.com/v1", "kind": "Bird", "metadata": {"name": "robin"}, "spec": {"wings": 2}}
    value = cbor.dumps(bird)
    decoded = codec.decode(value)
    assert decoded.encoding == "cbor"
    assert decoded.object == bird
    assert value == codec.encode(decoded.object, "cbor")


def test_what_cannot_be_cbor(codec: ObjectCodec) -> None:
    """Built-in kinds are never stored as CBOR, custom ones never as protobuf."""
    with pytest.raises(UsageError, match="custom"):
        codec.encode(DEPLOYMENT, "cbor")
    with pytest.raises(UnknownKind):
        codec.encode({"apiVersion": "example.com/v1", "kind": "Bird"}, "protobuf")


@pytest.mark.parametrize("media_type", ["xml", "yaml", ""])
def test_unknown_media_types(codec: ObjectCodec, media_type: str) -> None:
    """Another media type is refused, for built-in and for custom kinds."""
    for obj in (DEPLOYMENT, {"apiVersion": "example.com/v1", "kind": "Bird"}):
        with pytest.raises(KstoreError):
            codec.encode(obj, media_type)


@pytest.mark.parametrize("text", [b"{}", b'{"kind":"Pod"}', b'{"apiVersion":"v1"}', b'{"apiVersion":1,"kind":"Pod"}'])
def test_an_object_must_say_what_it_is(codec: ObjectCodec, text: bytes) -> None:
    """Without kind or apiVersion it is no object; the error names the one that is missing."""
    with pytest.raises(DecodeError) as caught:
        codec.decode(text)
    assert caught.value.path in ("kind", "apiVersion")
