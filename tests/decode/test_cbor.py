"""
CBOR is read and written as apimachinery's serializer does it for custom resources.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.decode import cbor
from kstore.decode.json import go_json
from kstore.decode.json.raw_json import RawJSON
from kstore.errors import DecodeError, EncodeError

TAG = b"\xd9\xd9\xf7"
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_round_trip(value: Any) -> None:
    """What is written is read back equal, and written again to the same bytes."""
    written = cbor.dumps(value)
    assert value == cbor.loads(written)
    assert written == cbor.dumps(cbor.loads(written))


@pytest.mark.parametrize(
    ("value", "content"),
    [
        (0, "00"), (23, "17"), (24, "1818"), (256, "190100"), (65536, "1a00010000"), (2**63 - 1, "1b7fffffffffffffff"),
        (255, "18ff"), (2**15, "198000"), (2**16 - 1, "19ffff"), (2**31, "1a80000000"), (2**32 - 1, "1affffffff"),
        (2**32, "1b0000000100000000"), (-256, "38ff"), (-(2**16), "39ffff"), (-(2**32), "3affffffff"),
        (-1, "20"), (-25, "3818"), (-(2**63), "3b7fffffffffffffff"),
        ("IETF", "4449455446"), ("ü", "42c3bc"), (True, "f5"), (None, "f6"), ([1, []], "820180"),
        (1.0, "f93c00"), (1.5, "f93e00"), (5.960464477539063e-8, "f90001"), (100000.0, "fa47c35000"),
        (1.1, "fb3ff199999999999a"), (-0.0, "f98000"), (2**63, "fa5f000000"),
        ({"bb": 1, "a": 2, "c": 3}, "a341610241630342626201"),
    ],
)  # fmt: skip
def test_bytes(value: Any, content: str) -> None:
    """Strings are byte strings, numbers the shortest that hold them, names sorted by length and then by bytes."""
    assert TAG + bytes.fromhex(content) == cbor.dumps(value)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("7f61616162ff", "ab"), ("5f41614162ff", "ab"), ("9f0102ff", [1, 2]), ("bf616101ff", {"a": 1}),
        ("c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"),
        ("c1 1a514b67b0", "2013-03-21T20:04:00Z"), ("c1 fb41d452d9ec200000", "2013-03-21T20:04:00.5Z"),
        ("d645 0102030405", "AQIDBAU="), ("d543 fbfbfb", "-_v7"), ("d742 01ff", "01ff"),
        ("82 d742 01ff 4161", ["01ff", "a"]), ("a2 4161 d642 0102 4162 4178", {"a": "AQI=", "b": "x"}),
        ("82 d7 81 4101 4161", [["01"], "a"]),
        ("d6 82 41ff d74101", ["/w==", "01"]),
        ("d9 03e8 05", 5),
        ("c0 7819" + b"2013-03-21T20:04:00-00:00".hex(), "2013-03-21T20:04:00Z"),
        ("c0 7819" + b"2013-03-21T20:04:00+00:00".hex(), "2013-03-21T20:04:00Z"),
        ("c0 7819" + b"2013-03-21T20:04:00-05:00".hex(), "2013-03-21T20:04:00-05:00"),
    ],
)  # fmt: skip
def test_what_others_write(content: str, value: Any) -> None:
    """Indefinite lengths, times and tagged bytes become what `unstructured` holds."""
    assert value == cbor.loads(TAG + bytes.fromhex(content))


@pytest.mark.parametrize(
    ("content", "offset"),
    [
        ("", 3), ("18", 4), ("43 6161", 6), ("62 ff61", 3), ("41 ff", 3), ("1b 8000000000000000", 3),
        ("3b 8000000000000000", 3), ("c2 41ff", 3), ("c0 41ff", 4), ("c0 01", 3), ("c1 6161", 3), ("a1 01 01", 4),
        ("a2 6161 01 4161 02", 7), ("f97c00", 3), ("f97e00", 3), ("f7", 3), ("f0", 3), ("f818", 3), ("1f", 3),
        ("ff", 3),
        ("00 00", 4), ("7f 4161ff", 3), ("9f 01", 5), ("9b ffffffffffffffff", 12), ("5b ffffffffffffffff", 12),
    ],
)  # fmt: skip
def test_broken(content: str, offset: int) -> None:
    """What upstream refuses is an error that says at which byte."""
    with pytest.raises(DecodeError) as caught:
        cbor.loads(TAG + bytes.fromhex(content))
    assert offset == caught.value.offset


@given(st.binary(max_size=60))
def test_any_bytes(content: bytes) -> None:
    """Bytes are a value or an error, and a value can be written."""
    try:
        value = cbor.loads(TAG + content)
    except DecodeError:
        return
    assert value == cbor.loads(cbor.dumps(value))


@pytest.mark.large
def test_deep_nesting_is_an_error() -> None:
    """Nesting beyond what can be followed is an error, both ways."""
    with pytest.raises(DecodeError, match="deep"):
        cbor.loads(TAG + b"\x81" * 200_000)
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(EncodeError, match="deep"):
        cbor.dumps(value)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "\ud800", {1: 2}, object(), RawJSON(b"{")])
def test_what_cannot_be_written(value: Any) -> None:
    """What JSON could not say either is an error."""
    with pytest.raises(EncodeError):
        cbor.dumps(value)


def test_floats_print_as_in_go() -> None:
    """A float without a fraction stays a float, and is printed as a whole number."""
    found = cbor.loads(TAG + bytes.fromhex("f93c00"))
    assert go_json.dumps(found) == b"1"
    assert cbor.dumps(found) == TAG + bytes.fromhex("f93c00")
