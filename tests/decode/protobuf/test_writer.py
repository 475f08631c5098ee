"""
Protobuf is written as gogo lays it out: ascending numbers, zeros and empty messages too, maps sorted.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore import wire
from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.decode.protobuf.writer import ProtobufWriter
from kstore.errors import EncodeError


@pytest.fixture(scope="module")
def writer() -> ProtobufWriter:
    """The types of the newest release."""
    return ProtobufWriter(Catalog(Release("1.37")))


def test_an_empty_object_is_not_empty(writer: ProtobufWriter) -> None:
    """What is no pointer is written, zero or not; a zero time is an empty message."""
    metadata = bytes.fromhex("0a00 1a00 2200 2a00 3200 3800 4200".replace(" ", ""))
    metadata = metadata[:2] + b"\x12\x00" + metadata[2:]
    assert writer.write("core.v1.ConfigMap", {}) == wire.delimited(1, metadata)


def test_maps_are_sorted(writer: ProtobufWriter) -> None:
    """Keys are written sorted, however they are in the dict."""
    found = writer.write("core.v1.ConfigMap", {"data": {"b": "2", "a": "1"}})
    assert found.index(b"\x0a\x01a") < found.index(b"\x0a\x01b")


def test_unset_pointers_are_left_out(writer: ProtobufWriter) -> None:
    """A pointer to zero is written, an unset one is not."""
    assert writer.write("core.v1.ConfigMap", {"immutable": False}).endswith(b"\x20\x00")
    assert not writer.write("core.v1.ConfigMap", {"immutable": None}).endswith(b"\x20\x00")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"metadata": {"labels": {"a": 1}}}, "metadata.labels[a]"),
        ({"data": "text"}, "data"),
        ({"metadata": 7}, "metadata"),
        ({"binaryData": {"a": "***"}}, "binaryData[a]"),
    ],
)
def test_what_does_not_fit(writer: ProtobufWriter, value: dict[str, Any], path: str) -> None:
    """A value that its field cannot hold is named by its path."""
    with pytest.raises(EncodeError) as caught:
        writer.write("core.v1.ConfigMap", value)
    assert path == caught.value.path
