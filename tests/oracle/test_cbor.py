"""
CBOR against apimachinery's own serializer: what it writes and what it accepts.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tools.cluster import ServerMissing, find

from kstore.customresource import unstructured as custom
from kstore.decode import cbor
from kstore.decode.json import go_json
from kstore.decode.json.number import Number
from kstore.errors import DecodeError

pytestmark = pytest.mark.oracle

TAG = b"\xd9\xd9\xf7"
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False).map(Number)
    | st.floats(width=16, allow_nan=False, allow_infinity=False).map(Number)
)
MEMBERS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(), MEMBERS, max_size=5).map(
    lambda members: {**members, "apiVersion": "example.com/v1", "kind": "Bird"}
)
MANY = settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Serializer:
    """apimachinery's CBOR serializer, in a process of its own."""

    def __init__(self, binary: Path) -> None:
        self.process = subprocess.Popen([str(binary)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request: str) -> dict[str, Any]:
        """One request, its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def serializer() -> Iterator[Serializer]:
    """The serializer, built with Go where it is not yet."""
    try:
        running = Serializer(find("cbor"))
    except ServerMissing as missing:
        pytest.skip(str(missing))
    yield running
    running.process.communicate(timeout=30)


@MANY
@given(OBJECTS)
def test_written_alike(serializer: Serializer, value: dict[str, Any]) -> None:
    """The same JSON gives the same bytes, and the bytes give the same JSON."""
    text = go_json.dumps(value)
    answer = serializer.ask(do="encode", text=text.decode())
    written = custom.write(custom.normalize(go_json.loads(text)), "cbor")
    assert base64.b64decode(answer["value"]) == written
    assert json.loads(serializer.ask(do="decode", value=base64.b64encode(written).decode())["text"]) == json.loads(text)


ITEMS = st.recursive(
    st.sampled_from(
        [
            "00", "1818", "1bffffffffffffffff", "20", "3b7fffffffffffffff", "3b8000000000000000", "40", "4161", "6161",
            "61ff", "41ff", "5f41614162ff", "7f6161ff", "7f4161ff", "f4", "f5", "f6", "f7", "e0", "f820", "f93c00",
            "f97c00", "f97e01", "fa47c35000", "fb3ff199999999999a", "c074323031332d30332d32315432303a30343a30305a",
            "c07819323031332d30332d32315432303a30343a30302b30303a3030",
            "c0781d323031332d30332d32315432303a30343a30302e3530302b30323a3030",
            "c11a514b67b0", "c1fb41d452d9ec200000", "c13a514b67b0", "c1f9c500", "c16161", "c249010000000000000000",
            "1c", "ff", "c11b00000fffffffffff",
        ]
    ).map(bytes.fromhex),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: bytes([0x80 + len(items)]) + b"".join(items))
    | st.lists(inner, max_size=3).map(lambda items: b"\x9f" + b"".join(items) + b"\xff")
    | st.lists(st.tuples(inner, inner), max_size=3).map(
        lambda pairs: bytes([0xA0 + len(pairs)]) + b"".join(name + item for name, item in pairs)
    )
    | st.tuples(st.sampled_from([b"\xd5", b"\xd6", b"\xd7", TAG, b"\xd8\x40", b"\xc2"]), inner).map(b"".join),
    max_leaves=6,
)  # fmt: skip


@MANY
@given(ITEMS, st.binary(max_size=1))
def test_accepted_alike(serializer: Serializer, item: bytes, behind: bytes) -> None:
    """
    Whatever CBOR can say is read alike, or refused by both.

    But for byte strings that are not UTF-8, which Go holds and JSON cannot, and for null as a name.
    """
    head = cbor.dumps({"apiVersion": "example.com/v1", "kind": "Bird"}).replace(b"\xa2", b"\xa3", 1)
    value = head + b"\x44spec" + item + behind
    answer = serializer.ask(do="decode", value=base64.b64encode(value).decode())
    try:
        text = go_json.dumps(cbor.loads(value))
    except DecodeError as error:
        refused = str(error)
    else:
        assert json.loads(answer["text"]) == json.loads(text)
        return
    assert "error" in answer or "UTF-8" in refused or ("no string" in refused and b"\xf6" in item)
