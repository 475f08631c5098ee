"""
Protobuf is read as Go reads it, in whatever order and form other writers put it.
"""

from __future__ import annotations

import pytest

from kstore import wire
from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.decode.projection import METADATA, NOTHING, Projection
from kstore.decode.protobuf.reader import ProtobufReader
from kstore.errors import DecodeError

CATALOG = Catalog(Release("1.37"))


@pytest.fixture(scope="module")
def reader() -> ProtobufReader:
    """Reads into what JSON has."""
    return ProtobufReader(CATALOG)


def text(number: int, content: str) -> bytes:
    """A string field."""
    return wire.delimited(number, content.encode())


def entry(number: int, key: str, value: str) -> bytes:
    """An entry of a map of strings."""
    return wire.delimited(number, text(1, key) + text(2, value))


def test_members_are_in_gos_order(reader: ProtobufReader) -> None:
    """Fields that come in another order are shown in the type's."""
    body = text(3, "default") + text(1, "name")
    assert list(reader.read("meta.v1.ObjectMeta", body)) == ["name", "namespace"]


def test_the_last_of_a_scalar_counts(reader: ProtobufReader) -> None:
    """A scalar that comes twice has the later value, as in every protobuf decoder."""
    assert reader.read("meta.v1.ObjectMeta", text(1, "a") + text(1, "b")) == {"name": "b"}


def test_a_later_zero_counts(reader: ProtobufReader) -> None:
    """A zero takes the place of what came before it, in the same message or in one that it is merged with."""
    assert reader.read("meta.v1.ObjectMeta", text(1, "a") + text(1, "")) == {}
    twice = wire.delimited(1, text(1, "a")) + wire.delimited(1, text(1, ""))
    assert reader.read("core.v1.ConfigMap", twice) == {"metadata": {}}
    assert reader.read("core.v1.ConfigMapKeySelector", twice) == {"key": ""}


def test_messages_that_come_twice_are_merged(reader: ProtobufReader) -> None:
    """Parts of a message are put together."""
    body = wire.delimited(1, text(1, "name")) + wire.delimited(1, text(3, "default"))
    assert reader.read("core.v1.ConfigMap", body)["metadata"] == {"name": "name", "namespace": "default"}


def test_maps_are_sorted(reader: ProtobufReader) -> None:
    """Keys come sorted, the last of two equal ones counts, and other fields may stand between them."""
    body = entry(11, "b", "1") + text(1, "n") + entry(11, "a", "2") + entry(11, "b", "3")
    found = reader.read("meta.v1.ObjectMeta", body)
    assert found == {"name": "n", "labels": {"a": "2", "b": "3"}}
    assert list(found["labels"]) == ["a", "b"]


def test_map_entries_may_lack_a_part(reader: ProtobufReader) -> None:
    """An entry without key or value has an empty one."""
    assert reader.read("meta.v1.ObjectMeta", wire.delimited(11, b""))["labels"] == {"": ""}


def test_packed_numbers(reader: ProtobufReader) -> None:
    """Numbers that came packed are read, though Go never packs them."""
    loose = wire.tag(4, wire.VARINT) + b"\1" + wire.tag(4, wire.VARINT) + wire.varint(300)
    packed = wire.delimited(4, b"\1" + wire.varint(300))
    name = "core.v1.PodSecurityContext"
    assert reader.read(name, packed) == reader.read(name, loose) == {"supplementalGroups": [1, 300]}


def test_negative_numbers(reader: ProtobufReader) -> None:
    """Negative numbers take ten bytes; an int32 is cut to its width, as Go does."""
    minus = wire.tag(4, wire.VARINT) + wire.varint(-1)
    assert reader.read("core.v1.PodSpec", minus)["terminationGracePeriodSeconds"] == -1
    wide = wire.tag(1, wire.VARINT) + wire.varint((1 << 32) + 5)
    assert reader.read("apps.v1.DeploymentSpec", wide)["replicas"] == 5


def test_zeros_are_left_out_of_json(reader: ProtobufReader) -> None:
    """gogo writes zeros, JSON leaves them out where the type says so."""
    body = text(1, "") + wire.tag(7, wire.VARINT) + b"\0"
    assert reader.read("meta.v1.ObjectMeta", body) == {}


def test_what_go_holds() -> None:
    """Read for rules to work on, every struct that is no pointer is there."""
    exact = ProtobufReader(CATALOG, as_json=False)
    found = exact.read("apps.v1.Deployment", b"")
    assert found["spec"]["template"]["spec"] is not None


def test_what_is_wanted_is_read_and_the_rest_passed_over() -> None:
    """Members at the wanted paths come whole and in order, whatever the fields' order; the rest is not looked into."""
    container = text(1, "web") + text(2, "image:1") + b"\xfa\x3f\x00"
    spec = wire.delimited(2, container) + wire.delimited(2, text(2, "image:2") + text(1, "")) + text(10, "node")
    pod = (
        wire.delimited(3, text(1, "Running")) + wire.delimited(2, spec) + wire.delimited(1, text(1, "p") + text(3, "n"))
    )
    wanted = Projection.of([("metadata", "name"), ("spec", "containers", "image"), ("spec", "nodeName"), ("more",)])
    found = ProtobufReader(CATALOG, projection=wanted).read("core.v1.Pod", pod)
    assert found == {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"image": "image:1"}, {"image": "image:2"}], "nodeName": "node"},
    }
    assert list(found) == ["metadata", "spec"]
    phase = ProtobufReader(CATALOG, projection=Projection.of([("status", "phase")])).read("core.v1.Pod", pod)
    assert phase == {"status": {"phase": "Running"}}


def test_runs_of_what_is_passed_over() -> None:
    """Texts, numbers of several bytes, fields of high and of unknown numbers, in any order around what is wanted."""
    number = wire.tag(7, wire.VARINT) + b"\xac\x82\x03"
    high = wire.delimited(17, text(1, "m" * 200))
    unknown = wire.tag(99, wire.FIXED64) + bytes(8) + wire.tag(98, wire.VARINT) + b"\x81\x01"
    metadata = text(3, "ns") + number + high + unknown + text(1, "web") + high + number + text(5, "uid") + unknown
    names = ProtobufReader(CATALOG, projection=Projection.of([("metadata", "name")]))
    pod = wire.delimited(1, metadata) + wire.delimited(2, b"")
    assert names.read("core.v1.Pod", pod) == {"metadata": {"name": "web"}}
    for end in (number[:-1], high[:-1], wire.tag(7, wire.BYTES) + b"\x01", wire.tag(1, wire.VARINT) + b"\x01"):
        with pytest.raises(DecodeError):
            names.read("core.v1.Pod", wire.delimited(1, metadata + end) + wire.delimited(2, b""))


def test_what_the_api_always_has_is_there_if_it_is_wanted() -> None:
    """A struct that is no pointer is served even when it is empty."""
    for wanted, expected in ((METADATA, {"metadata": {}}), (NOTHING, {})):
        assert ProtobufReader(CATALOG, projection=wanted).read("core.v1.Pod", b"") == expected


@pytest.mark.parametrize(
    "damage",
    [b"\x0a\x10\x0a", wire.tag(1, wire.VARINT) + b"\x01", wire.delimited(2, b"")[:-1], b"\x12\x7f\0", b"\x17\0"],
)
def test_what_is_passed_over_must_be_fields(damage: bytes) -> None:
    """Lengths and wire types must be right on the way to what is wanted."""
    with pytest.raises(DecodeError):
        ProtobufReader(CATALOG, projection=METADATA).read("core.v1.Pod", damage)
