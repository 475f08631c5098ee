"""
The envelope is read strictly and written byte for byte.
"""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.decode.envelope import (
    Envelope,
    is_perhaps_readable,
    read_envelope,
    recognize,
    unwrap_base64,
    write_envelope,
)
from kstore.errors import DecodeError, UnknownEncoding

EMPTY_BINDING = bytes.fromhex("6b3873000a0d0a0276311207") + b"Binding" + bytes.fromhex("12001a002200")


def test_written_as_the_storage_serializer_does() -> None:
    """Type, body, and two empty fields that are always there."""
    assert write_envelope("v1", "Binding", b"") == EMPTY_BINDING


@given(st.text(min_size=1), st.text(min_size=1), st.binary())
def test_round_trip(api_version: str, kind: str, body: bytes) -> None:
    """What was written is read back."""
    value = write_envelope(api_version, kind, body)
    found = read_envelope(value)
    assert found == Envelope(api_version, kind, body, found.start)
    assert value[found.start :].startswith(body)


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        (b"k8s\x00...", "protobuf"),
        (b'{"kind":"Pod"}', "json"),
        (b' \n{"kind":"Pod"}', "json"),
        (b"\xd9\xd9\xf7\xa0", "cbor"),
        (base64.b64encode(EMPTY_BINDING), "base64"),
    ],
)
def test_recognized(value: bytes, encoding: str) -> None:
    """The first bytes tell the encoding."""
    assert encoding == recognize(value)


@pytest.mark.parametrize("value", [b"", b"hello", b"/registry/x\nk8s\x00", b"k8s:enc:aescbc:v1:key1:x", b"[1]"])
def test_not_recognized(value: bytes) -> None:
    """Nothing is searched for and nothing guessed."""
    with pytest.raises(UnknownEncoding):
        recognize(value)


@pytest.mark.parametrize(
    ("value", "hinted"),
    [
        (b"/registry/pods/default/web\n" + EMPTY_BINDING, True),
        (b"x" * 60 + b"k8s\x00", True),
        (b"x" * 61 + b"k8s\x00", False),
        (b"hello", False),
    ],
)
def test_what_has_got_before_the_bytes(value: bytes, hinted: bool) -> None:
    """A key line as etcdctl prints it is told from what is no protobuf at all."""
    with pytest.raises(UnknownEncoding) as caught:
        recognize(value)
    assert ("a key line or a terminal" in caught.value.hint) is hinted
    assert ("before, or instead of, its k8s" in caught.value.message) is hinted


@pytest.mark.parametrize(
    ("value", "readable"),
    [
        (b"", True), (b" \n", True), (b"null", True), (b"kind: Pod\nmetadata: {}\n", True),
        (base64.b64encode(b"kind: Pod"), True), (base64.b64encode(b'{"kind":"Pod"}'), True),
        (b"hello", False), (b"[1]", False), (b"\x00\x01", False), (base64.b64encode(b"\x00\x01"), False),
    ],
)  # fmt: skip
def test_a_last_resort(value: bytes, readable: bool) -> None:
    """Servers try YAML, also in base64, and take nothing at all for an object without content."""
    assert is_perhaps_readable(value) is readable


@pytest.mark.parametrize("cut", sorted({*range(len(EMPTY_BINDING))} - {19, 21, 23}))
def test_cut_short(cut: int) -> None:
    """A truncated envelope is an error, wherever it is cut but between its fields."""
    with pytest.raises(DecodeError):
        read_envelope(EMPTY_BINDING[:cut])


def test_base64() -> None:
    """Old servers wrapped protobuf in base64."""
    assert unwrap_base64(base64.b64encode(EMPTY_BINDING)) == EMPTY_BINDING
    with pytest.raises(DecodeError):
        unwrap_base64(b"azhzAA==!")


def test_fields_that_are_not_known_are_kept() -> None:
    """All of them, as they stood, wherever they stood; written they come last."""
    first, second = b"\x2a\x03one", b"\x30\x07"
    value = EMPTY_BINDING[:4] + first + EMPTY_BINDING[4:] + second
    found = read_envelope(value)
    assert (found.api_version, found.kind, found.body, found.unknown) == ("v1", "Binding", b"", first + second)
    assert write_envelope("v1", "Binding", b"", found.unknown) == EMPTY_BINDING + first + second
