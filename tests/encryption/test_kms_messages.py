"""
The protobuf messages of KMS.
"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.encryption.kms_messages import ENCRYPTED_OBJECT, V2_DECRYPT_REQUEST, decode_message, encode_message

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.fixed_dictionaries(
        {
            "encryptedData": st.binary(max_size=300),
            "keyID": TEXT,
            "encryptedDEKSource": st.binary(),
            "annotations": st.dictionaries(TEXT, st.binary()),
            "encryptedDEKSourceType": st.integers(0, 1 << 31),
        }
    )
)
def test_a_message_reads_back(values: dict[str, object]) -> None:
    """Every field comes back as it was written."""
    assert decode_message(ENCRYPTED_OBJECT, encode_message(ENCRYPTED_OBJECT, values)) == values


def test_the_bytes_are_protobufs() -> None:
    """Google's protobuf writes the same bytes for the same message."""
    descriptor = pytest.importorskip("google.protobuf.descriptor_pb2")
    pool = pytest.importorskip("google.protobuf.descriptor_pool").DescriptorPool()
    factory = pytest.importorskip("google.protobuf.message_factory")
    file = descriptor.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    message = file.message_type.add(name="M")
    entry = message.nested_type.add(name="AnnotationsEntry")
    entry.options.map_entry = True
    kinds = {"bytes": 12, "string": 9, "map": 11}
    for number, (name, kind) in V2_DECRYPT_REQUEST.items():
        field = message.field.add(name=name, number=number, type=kinds[kind], label=3 if kind == "map" else 1)
        if kind == "map":
            field.type_name = ".t.M.AnnotationsEntry"
    entry.field.add(name="key", number=1, type=9, label=1)
    entry.field.add(name="value", number=2, type=12, label=1)
    pool.Add(file)
    google = factory.GetMessageClass(pool.FindMessageTypeByName("t.M"))
    values = {"ciphertext": b"c" * 200, "uid": "ü", "key_id": "", "annotations": {"b.example": b"2", "a.example": b""}}
    expected = google(**values).SerializeToString(deterministic=True)
    assert decode_message(V2_DECRYPT_REQUEST, expected) == values
    assert google.FromString(encode_message(V2_DECRYPT_REQUEST, values)) == google(**values)


def test_unknown_fields_are_passed_over() -> None:
    """Fields of a later version, of every wire type, do not disturb."""
    later = b"\x30\x96\x01" + b"\x39" + bytes(8) + b"\x42\x03abc" + b"\x4d" + bytes(4)
    assert decode_message(ENCRYPTED_OBJECT, later + b"\x12\x01k")["keyID"] == "k"


@pytest.mark.parametrize(
    "data", [b"\x0a", b"\x0a\x05abc", b"\x08\x01", b"\x12\x01\xff", b"\xff" * 11, b"\x0b", b"\x02\x01a"]
)
def test_damage_is_a_value_error(data: bytes) -> None:
    """Cut, mistyped and impossible fields are refused, never guessed at."""
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        decode_message(ENCRYPTED_OBJECT, data)


@given(st.binary(max_size=60))
def test_no_bytes_do_worse(data: bytes) -> None:
    """Random bytes are a message or a ValueError."""
    with contextlib.suppress(ValueError):
        decode_message(ENCRYPTED_OBJECT, data)
