"""
Stored bytes, each with its offset, length, number and name.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import newest
from kstore.decode import cbor
from kstore.encryption import read_encryption_header
from kstore.object_codec import ObjectCodec
from kstore.records import Record
from kstore.scheme.scheme import Scheme
from kstore.source.location.demo import open_demo
from kstore.view.storage_text import storage_text

CATALOG = Catalog(newest())
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "s",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"a":"aGlkZGVu"}}'},
    },
    "data": {"a": "aGlkZGVu"},
}


def page(value: bytes, **options: Any) -> str:
    """The whole page of a value."""
    return "".join(storage_text(Record(b"/registry/x", value, 1, 2, 3), value, CATALOG, **options))


def rows(text: str) -> list[tuple[int, int, str]]:
    """Offset, length and the rest of each line."""
    found = (re.fullmatch(r" *(\d+) +(\d+)  (.*)", line) for line in text.splitlines())
    return [(int(match[1]), int(match[2]), match[3]) for match in found if match]


def test_the_envelope_and_the_fields() -> None:
    """Each field by number, name and type, indented as it is nested."""
    value = ObjectCodec(Scheme(newest())).encode(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "labels": {"app": "web"}, "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}}}]},
        }
    )
    text = page(value)
    for line in (
        '0       4  "k8s\\0"', '1 apiVersion "v1"', "2 raw  core.v1.Pod", '1 name "web"', "11 labels entry",
        '8 creationTimestamp  Time "2026-01-01T00:00:00Z"', "2 containers  core.v1.Container", '2 value  Quantity "1"',
    ):  # fmt: skip
        assert line in text
    found = rows(text)
    assert found[0][0] == 0
    assert found[-1][0] + found[-1][1] == len(value)


def test_offsets_are_where_the_bytes_are() -> None:
    """Of every object of the demo store: lines in ascending order, each within the value, the whole of it covered."""
    with open_demo() as demo:
        for record in demo.scan():
            text = "".join(storage_text(record, record.value, CATALOG, secrets=True))
            found = rows(text)
            assert found, record.key
            assert [row[0] for row in found] == sorted(row[0] for row in found)
            assert max(offset + length for offset, length, _ in found) == len(record.value)
            assert "any further" not in text


def test_unknown_fields() -> None:
    """A number that the catalog does not know is shown with its bytes."""
    body = b"\x0a\x03\x0a\x01a" + b"\xfa\x07\x02hi" + b"\xf0\x07\x05"
    value = b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12" + bytes([len(body)]) + body + b"\x1a\0\x22\0"
    text = page(value)
    assert "127 (unknown) 68 69" in text
    assert "126 (unknown) 5 (varint)" in text


def test_as_far_as_it_goes() -> None:
    """A value that is cut short is shown to where it breaks off."""
    with open_demo() as demo:
        record = demo.get(b"/registry/pods/default/webserver")
    assert record is not None
    for length in range(5, len(record.value) - 10, 37):
        text = page(record.value[:length])
        assert "any further" in text or "names no" in text or "broken" in text, length
        assert rows(text)[-1][0] < length


def test_json() -> None:
    """Members with the bytes at which their values stand, in UTF-8."""
    value = '{"kind":"X","apiVersion":"a/v1","ü":["ä",{"b":-1.5}],"z":null}\n'.encode()
    found = {text.strip(): (offset, length) for offset, length, text in rows(page(value))}
    offset, length = found["z null"]
    assert value[offset : offset + length] == b"null"
    offset, length = found["b -1.5"]
    assert value[offset : offset + length] == b"-1.5"
    assert "ü [] 2 elements" in found


def test_cbor() -> None:
    """Items with their major types; what is cut short is shown as far as it goes."""
    value = cbor.dumps({"kind": "X", "apiVersion": "a/v1", "spec": {"n": [1, -2, 2.5, None, True, "ü"]}})
    text = page(value)
    for line in ("tag 55799", "spec: map of 1", "[1]: negative -2", "[2]: simple 2.5", "[3]: simple null", '"ü"'):
        assert line in text
    for length in range(4, len(value)):
        assert "#" in page(value[:length]).splitlines()[-1]


def test_sealed() -> None:
    """Who encrypted it; what it opens to, if it does."""
    value = b"k8s:enc:aescbc:v1:key1:" + b"x" * 32
    record = Record(b"/registry/x", value, 1, 2, 3)
    closed = "".join(storage_text(record, None, CATALOG, encryption_header=read_encryption_header(value)))
    assert "aescbc key1: 23 bytes of prefix; cannot be opened" in closed
    opened = "".join(storage_text(record, b'{"kind":"X"}', CATALOG, encryption_header=read_encryption_header(value)))
    assert 'kind "X"' in opened


@pytest.mark.parametrize("encoding", ["protobuf", "json", "cbor"])
def test_secrets_are_masked(encoding: str) -> None:
    """Values, and kubectl's copy of them, in every encoding; keys are shown."""
    value = cbor.dumps(SECRET) if encoding == "cbor" else ObjectCodec(Scheme(newest())).encode(SECRET, encoding)
    text = page(value)
    assert "*****" in text
    assert "aGlkZGVu" not in text
    assert b"hidden".hex(" ") not in text
    assert "hidden" not in text
    assert "*****" not in page(value, secrets=True)


def test_rubbish() -> None:
    """What is no known encoding gets its reason."""
    assert "the value is neither protobuf, JSON nor CBOR as Kubernetes stores it" in page(b"rubbish")
    assert "empty" in page(b"")
    assert "JSON" in page(json.dumps({"a": 1}).encode()[:-1])
