"""
Hostile bytes: each is an object or a typed error that says where, never a crash, and never takes long.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.fuzz import corpus
from tests.fuzz.run import Tally, attempt, run

from kstore import wire
from kstore.catalog.releases import newest
from kstore.decode.envelope import write_envelope
from kstore.decode.json import go_json
from kstore.errors import DecodeError, KstoreError
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

CODEC = ObjectCodec(Scheme(newest()))
POD = CODEC.encode(
    {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "p", "labels": {"a": "b", "c": "d"}, "creationTimestamp": "2024-01-01T00:00:00Z"},
        "spec": {
            "containers": [{"name": "c", "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "1"}}}],
            "terminationGracePeriodSeconds": 30,
        },
    }
)


@pytest.fixture(autouse=True)
def time_limit() -> Iterator[None]:
    """No test of this file may use more than ten seconds of the processor, whatever it reads."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 10


def pod(body: bytes) -> bytes:
    """A value that claims to be a Pod."""
    return write_envelope("v1", "Pod", body)


def refused(value: bytes) -> DecodeError:
    """The error for a value that cannot be read."""
    with pytest.raises(DecodeError) as caught:
        CODEC.decode(value)
    return caught.value


def error_of(value: bytes) -> KstoreError | None:
    """The error for a value, or None where it can be read."""
    try:
        CODEC.decode(value)
    except KstoreError as error:
        return error
    return None


def says_where(error: KstoreError | None) -> bool:
    """Whether an error names a byte or a field; a kind that nobody knows is named instead."""
    if isinstance(error, DecodeError):
        return error.offset is not None or bool(error.path)
    return error is None or error.code == "unknown-kind"


WHOLE = {15, len(POD) - 4, len(POD) - 2}
"""Where the envelope can end and be whole: behind the type, the body and the content encoding."""


@pytest.mark.parametrize("length", sorted({*range(4, len(POD))} - WHOLE))
def test_truncated_anywhere(length: int) -> None:
    """A value cut short anywhere is refused with the byte at which it ends, or earlier."""
    error = refused(POD[:length])
    assert error.offset is not None
    assert 0 <= error.offset <= length


@given(st.integers(0, len(POD) * 8 - 1))
def test_one_flipped_bit(bit: int) -> None:
    """One wrong bit gives another object, or an error that says where."""
    value = bytearray(POD)
    value[bit // 8] ^= 1 << bit % 8
    assert says_where(error_of(bytes(value)))


@given(st.binary(max_size=200))
@example(b"\xe8\x00\x00%\x00\x00\x00\x00")  # unknown fields, the higher number first
def test_any_body(body: bytes) -> None:
    """Any bytes for a message: whatever is read can be written, and read again the same."""
    error = error_of(pod(body))
    assert says_where(error)
    if error is not None:
        return
    decoded = CODEC.decode(pod(body))
    again = CODEC.encode(decoded.object)
    assert go_json.dumps(decoded.object) == go_json.dumps(CODEC.decode(again).object)


@given(st.binary(max_size=80))
def test_any_bytes(value: bytes) -> None:
    """Any bytes for a value: the errors are typed."""
    tally = Tally()
    attempt(CODEC, value, tally)
    assert sum(tally.outcomes.values()) >= 1


@pytest.mark.large
@given(st.text(max_size=60))
def test_any_json(text: str) -> None:
    """Any text after a brace: an object or an error with its byte."""
    assert says_where(error_of(b"{" + text.encode(errors="surrogatepass")))


@pytest.mark.parametrize("wire_type", [wire.VARINT, wire.FIXED64, wire.FIXED32, 3, 4, 6, 7])
def test_wrong_wire_types(wire_type: int) -> None:
    """`metadata` is a message: as anything else it is refused at its byte."""
    body = wire.tag(1, wire_type) + b"\0" * 8
    error = refused(pod(body))
    assert error.offset is not None
    assert pod(body)[error.offset :].startswith(body)


def test_a_string_where_a_number_belongs() -> None:
    """The path of the field is named, and the byte in the whole value."""
    spec = wire.delimited(4, b"thirty")
    error = refused(pod(wire.delimited(2, spec)))
    assert error.path == "spec.terminationGracePeriodSeconds"
    assert error.offset is not None
    assert pod(wire.delimited(2, spec))[error.offset :].startswith(spec)


@pytest.mark.parametrize(
    ("member", "path"),
    [
        (wire.delimited(1, b"\xff"), "metadata.name"),
        (wire.delimited(11, wire.delimited(1, b"k\xc0") + wire.delimited(2, b"")), "metadata.labels"),
        (wire.delimited(11, wire.delimited(3, b"")), "metadata.labels"),
        (wire.delimited(8, wire.delimited(1, b"")), "metadata.creationTimestamp"),
        (b"\x0a\x05ab", "metadata"),
    ],
)
def test_where_it_is_broken(member: bytes, path: str) -> None:
    """Invalid UTF-8, odd map entries and lengths beyond the end are each named by field."""
    error = refused(pod(wire.delimited(1, member)))
    assert error.path == path
    assert error.offset is not None


def test_a_tag_longer_than_need_be() -> None:
    """Go writes a field's tag in the fewest bytes; another spelling is refused where it stands."""
    error = refused(pod(b"\x8a\x00\x00"))
    assert "fewest bytes" in str(error)
    assert error.offset is not None


def test_a_varint_of_eleven_bytes() -> None:
    """Numbers beyond 64 bits are refused."""
    assert "64 bits" in str(refused(pod(wire.delimited(2, b"\x20" + b"\xff" * 10 + b"\x01"))))


def test_a_broken_packed_number() -> None:
    """Numbers that came packed are named by their field, too."""
    groups = wire.delimited(4, b"\x01" + b"\xff" * 10 + b"\x01")
    error = refused(pod(wire.delimited(2, wire.delimited(14, groups))))
    assert error.path == "spec.securityContext.supplementalGroups"
    assert error.offset is not None


def test_huge_lengths_allocate_nothing() -> None:
    """A length of two to the 62nd is an error, not an attempt."""
    refused(pod(b"\x0a" + wire.varint(1 << 62)))
    refused(b"k8s\0\x0a" + wire.varint(1 << 62))


# ---- deep nesting


def nested_schema(depth: int) -> bytes:
    """A CRD whose schema is nested in itself as often."""
    schema = b""
    for _ in range(depth):
        # JSONSchemaProps.not
        schema = wire.delimited(28, schema)
    version = wire.delimited(4, wire.delimited(1, schema))
    spec = wire.delimited(7, version)
    return write_envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition", wire.delimited(2, spec))


def test_deep_protobuf() -> None:
    """Types within themselves can be nested without end: it ends in an error, not in a crash."""
    CODEC.decode(nested_schema(50))
    assert "deep" in str(refused(nested_schema(5000)))


@pytest.mark.parametrize(
    "text",
    [
        b'{"apiVersion":"v1","kind":"Pod","spec":' + b'{"a":' * 100_000,
        b'{"apiVersion":"example.com/v1","kind":"Bird","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"{" * 500_000,
    ],
    ids=["objects", "lists", "braces"],
)
def test_deep_json(text: bytes) -> None:
    """JSON nested beyond what can be followed is an error."""
    refused(text)


@pytest.mark.parametrize("depth", [200, 300, 900, 2000])
def test_what_can_be_read_but_not_shown(depth: int) -> None:
    """Nesting that one part follows and another does not is an error there, too."""
    text = b'{"apiVersion":"example.com/v1","kind":"Bird","a":' + b"[" * depth + b"]" * depth + b"}"
    tally = Tally()
    attempt(CODEC, text, tally)
    assert tally.outcomes


# ---- much of it


@pytest.mark.slow
def test_a_string_of_a_hundred_megabytes() -> None:
    """A huge string is read and written like any other."""
    text = b"x" * (100 << 20)
    body = wire.delimited(1, wire.delimited(1, text))
    decoded = CODEC.decode(pod(body))
    assert len(decoded.object["metadata"]["name"]) == len(text)
    assert len(refused(pod(wire.delimited(1, wire.delimited(1, text + b"\xff")))).path) > 0


@pytest.mark.slow
def test_a_hundred_megabytes_of_json() -> None:
    """So it is in JSON; one that ends too early says so at its end."""
    value = b'{"apiVersion":"v1","kind":"Secret","type":"' + b"y" * (100 << 20) + b'"}'
    assert len(CODEC.decode(value).object["type"]) == 100 << 20
    assert refused(value[:-2]).offset is not None


def test_many_unknown_fields() -> None:
    """A megabyte of unknown fields in a row is kept."""
    fields = b"".join(wire.tag(900 + number % 50, wire.VARINT) + b"\1" for number in range(200_000))
    decoded = CODEC.decode(pod(fields))
    assert base64.b64decode(decoded.object["$unknownFields"]) == fields


def test_unknown_fields_strewn_about() -> None:
    """Strewn between known ones, so that keeping them would take hours, they are refused."""
    strewn = (wire.tag(900, wire.VARINT) + b"\1" + wire.delimited(3, b"")) * 50_000
    assert "strewn" in str(refused(pod(strewn)))


def test_map_entries_strewn_about() -> None:
    """Map entries in any order and with other fields between them are sorted once."""
    entries = b"".join(
        wire.delimited(11, wire.delimited(1, f"{number * 7919 % 100_000:06}".encode())) + wire.delimited(1, b"n")
        for number in range(100_000)
    )
    labels = CODEC.decode(pod(wire.delimited(1, entries))).object["metadata"]["labels"]
    assert list(labels) == sorted(labels)
    assert len(labels) == 100_000


@pytest.mark.parametrize(
    "quantity", ["1e999999999", "9" * 100_000, "1" + "0" * 100_000 + "Ki", "0." + "0" * 100_000 + "1", "1e-999999999"]
)
def test_quantities_out_of_hand(quantity: str) -> None:
    """A quantity with an enormous exponent, or of very many digits, takes no time to speak of."""
    limits = {"kind": "LimitRange", "apiVersion": "v1", "spec": {"limits": [{"type": "Pod", "max": {"cpu": quantity}}]}}
    tally = Tally()
    attempt(CODEC, json.dumps(limits).encode(), tally)
    assert tally.outcomes


@pytest.mark.parametrize("number", ["1e999999999", "9" * 100_000, "-1e-999999999", "1." + "1" * 100_000])
def test_numbers_out_of_hand(number: str) -> None:
    """So it is with JSON numbers, in a typed field and in a custom resource."""
    for head in ('"v1","kind":"Pod","spec":{"priority":', '"example.com/v1","kind":"Bird","spec":{"a":'):
        tally = Tally()
        attempt(CODEC, f'{{"apiVersion":{head}{number}}}}}'.encode(), tally)
        assert tally.outcomes


# ---- what two readers could read differently


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"kind":"Pod","kind":"Secret","apiVersion":"v1"}', "Secret"),
        ('{"apiVersion":"v1","kind":"Pod","spec":{"a":1,"a":2}}', "Pod"),
    ],
)
def test_duplicate_names(text: str, kind: str) -> None:
    """Of a name that comes twice the last counts, as the apiserver has it."""
    assert CODEC.decode(text.encode()).gvk.kind == kind


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ('{"a":1e309}', "spec.a"),
        ('{"l":[1,{"n":-1e400}]}', "spec.l[1].n"),
        (f'{{"n":{"9" * 400}}}', "spec.n"),
        ('{"d":' * 300 + "1e309" + "}" * 300, "spec" + ".d" * 199),
    ],
    ids=["exponent", "in a list", "digits", "deep"],
)
def test_a_custom_object_with_a_number_too_large(spec: str, path: str) -> None:
    """What no float64 holds makes the apiserver refuse a custom object; the error says where it stands."""
    error = refused(f'{{"apiVersion":"n.lab/v1","kind":"N","spec":{spec}}}'.encode())
    assert error.path == path
    assert "float64" in error.message


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"metadata": {"labels": []}}, "metadata.labels"),
        ({"metadata": {"name": {}}}, "metadata.name"),
        ({"spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}}, "spec.containers[0].ports[0].containerPort"),
        ({"spec": {"priority": 1 << 40}}, "spec.priority"),
        ({"spec": {"priority": 1.5}}, "spec.priority"),
        ({"metadata": {"creationTimestamp": "yesterday"}}, "metadata.creationTimestamp"),
        ({"spec": []}, "spec"),
    ],
)
def test_json_of_the_wrong_type(value: dict[str, Any], path: str) -> None:
    """JSON that does not fit its type is refused with the field's path."""
    assert refused(json.dumps({"kind": "Pod", "apiVersion": "v1", **value}).encode()).path == path


@pytest.mark.parametrize("value", corpus.read()[::40])
def test_every_kind_truncated(value: bytes) -> None:
    """Of a value of any kind in any encoding, no beginning crashes anything."""
    for length in range(0, len(value), max(1, len(value) // 40)):
        attempt(CODEC, value[:length], Tally())


@pytest.mark.slow
def test_a_short_fuzz_run() -> None:
    """Three thousand damaged values find nothing; the recorded run had a million."""
    tally = run(3000, seed=7)
    assert tally.findings == []
    assert tally.outcomes["decoded"] > 100
