"""
JSON is written as Go's encoding/json writes it, and read so that nothing is lost.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.decode.json import go_json
from kstore.decode.json.number import Number
from kstore.decode.json.raw_json import RawJSON, plain
from kstore.decode.json.slow_json import Items, Members, parse
from kstore.errors import DecodeError, EncodeError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text()
    # a float from 2**53 on is printed as a whole number, which read exactly is another one
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not 2**53 <= abs(number) < 1e21),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_round_trip(value: Any) -> None:
    """What is written is read back equal."""
    assert value == go_json.loads(go_json.dumps(go_json.with_numbers(value)))


@given(VALUES)
def test_any_layout_is_read(value: Any) -> None:
    """White space, escapes and indentation change nothing."""
    assert value == go_json.loads(json.dumps(value, indent=2).encode())


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"), (1.5, "1.5"), (1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-6, "0.000001"), (1e-7, "1e-7"),
        (-0.0, "-0"), (5e-324, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
        (123456789.125, "123456789.125"), (12345678901234567890.0, "12345678901234567000"), (1e16, "10000000000000000"),
        (1.5e-5, "0.000015"),
    ],
)  # fmt: skip
def test_floats(number: float, text: str) -> None:
    """Floats have the shortest form, and an exponent only far from one (`encoding/json/encode.go`)."""
    assert text.encode() == go_json.dumps(Number(number))


def test_html_is_escaped() -> None:
    """Characters that could end a script are escaped, as Go's encoder does by default."""
    assert go_json.dumps("<a>&\u2028\u2029\x7fé") == b'"\\u003ca\\u003e\\u0026\\u2028\\u2029\x7f\xc3\xa9"'


def test_raw_json_is_kept() -> None:
    """Raw text is compacted and escaped, and not otherwise touched."""
    raw = RawJSON(b'{ "b" : 1.0,\n "a": "x y \\u00e9 <" }')
    assert go_json.dumps({"raw": raw}) == b'{"raw":{"b":1.0,"a":"x y \\u00e9 \\u003c"}}'
    assert plain({"raw": [raw]}) == {"raw": [{"b": 1.0, "a": "x y é <"}]}


def test_raw_json_must_be_json() -> None:
    """Raw text that is no JSON cannot be written."""
    with pytest.raises(EncodeError):
        go_json.dumps({"raw": RawJSON(b"{")})
    with pytest.raises(EncodeError):
        go_json.dumps({"raw": RawJSON(b"NaN")})


def test_raw_json_may_have_half_a_pair() -> None:
    """The escape of a lone surrogate is JSON to Go, and stays as it is."""
    assert go_json.dumps({"raw": RawJSON(b'"\\ud800"')}) == b'{"raw":"\\ud800"}'


def test_a_member_keeps_its_text() -> None:
    """The slow parser gives each member's own bytes."""
    parsed = go_json.loads(b'{"a": {"n": 1e3,  "s": "\\u0041"}, "l": [ 1.50 ]}')
    assert go_json.raw_member(parsed, "a", parsed["a"]) == RawJSON(b'{"n": 1e3,  "s": "\\u0041"}')
    assert go_json.raw_member(parsed["l"], 0, parsed["l"][0]) == RawJSON(b"1.50")


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        (b"", 0),
        (b"{", 1),
        (b'{"a":1,}', 7),
        (b'{"a":1 "b":2}', 6),
        (b"[1,]", 3),
        (b"nul", 0),
        (b'\xff"a"', 0),
        (b'{"\xe4\xb8":01}', 7),
        (b'{"a":1} x', 8),
        (b"01", 1),
    ],
)
def test_broken_text(text: bytes, offset: int) -> None:
    """Broken text is an error that says at which byte."""
    with pytest.raises(DecodeError) as caught:
        go_json.loads(text)
    assert offset == caught.value.offset


@pytest.mark.large
@pytest.mark.parametrize(
    ("opening", "closing", "levels"),
    [(b"[", b"]", 10_000), (b'{"a":', b"}", 10_000), (b'[{"b" : ', b"} ]", 5_000)],
    ids=["arrays", "objects", "both"],
)
def test_nesting_is_read_as_deep_as_go_reads_it(opening: bytes, closing: bytes, levels: int) -> None:
    """Ten thousand levels are read, and come back; one more is an error, not a crash."""
    text = opening * levels + b"1" + closing * levels
    assert go_json.dumps(go_json.loads(text)) == text.replace(b" ", b"")
    assert go_json.reprint(text) == text.replace(b" ", b"")
    for broken in (opening * levels + b"[1]" + closing * levels, b"[" * 100_000):
        with pytest.raises(DecodeError, match="nested deeper than 10,000 levels") as caught:
            go_json.loads(broken)
        assert caught.value.offset is not None


def test_deep_text_is_checked() -> None:
    """What is carried as text is JSON all the same."""
    with pytest.raises(DecodeError) as caught:
        go_json.loads(b"[" * 300 + b'{"a":01}' + b"]" * 300)
    assert caught.value.offset == 306


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":1,"b":2,"a":3}', {"a": 3, "b": 2}),
        (b'{"a":{"x":1},"a":{"y":2},"a":{"z":3}}', {"a": {"z": 3}}),
        (b'[{"a":[1,2],"a":[]}]', [{"a": []}]),
        (b'"x\xff"', "x\ufffd"),
        (b'{"\xe2\x82":"\xed\xa0\x80 \xf0\x9f\x98"}', {"\ufffd\ufffd": "\ufffd\ufffd\ufffd \ufffd\ufffd\ufffd"}),
        ('"é\ud83d\ude00"'.encode("utf-8", "surrogatepass"), "é" + "\ufffd" * 6),
    ],
)
def test_what_go_takes_is_taken(text: bytes, value: Any) -> None:
    """The last of equal names counts, and each byte that is no UTF-8 is one U+FFFD (`encoding/json/decode.go`)."""
    assert value == go_json.loads(text)


def test_the_text_of_a_member_keeps_its_bytes() -> None:
    """What is carried is carried as it stood, bytes that are no UTF-8 too; the last of equal names has its own text."""
    parsed = go_json.loads(b'{"a":1,"\xe4":2,"a": {"n":"\xff"}}')
    assert go_json.raw_member(parsed, "a", parsed["a"]) == RawJSON(b'{"n":"\xff"}')
    assert go_json.dumps({"raw": RawJSON(b'{ "n":"\xff"}')}) == b'{"raw":{"n":"\xff"}}'


@pytest.mark.parametrize(
    ("text", "fast"),
    [
        (b'{"uid":"8a3e2f10-1e5b-4c0d-9e77-2e60a","at":"1.0, -0, 3E5"}', True),
        (b'{"a":[10,1.5,-20.05,0],"b":100.25}\n', True),
        (b'{"a":1e5}', False), (b'{"a":[2,1E5]}', False), (b'[-1.5e-7]', False), (b'{"a":1.0}', False),
        (b'{"a":[1.0,2]}', False), (b"[20.10,-0]", False), (b'{"a":-0.0}', False), (b"-0", False), (b"3.0\n", False),
        (b'{"a": 1}', False),
    ],
)  # fmt: skip
def test_which_parser_reads_a_text(text: bytes, fast: bool) -> None:
    """What Go would write is read fast; letters and digits within strings are no numbers of another spelling."""
    read = go_json.loads(text)
    assert (not isinstance(read, (Members, Items, Number))) is fast
    assert go_json.dumps(read) == go_json.dumps(parse(text))


def test_whole_numbers_stay_whole() -> None:
    """A number of up to 64 bits is read exactly; a larger one is a float64, as in Go, that knows its text."""
    assert go_json.loads(b"[ 18446744073709551615, -9223372036854775808 ]") == [(1 << 64) - 1, -1 << 63]
    number = go_json.loads(b"123456789012345678901234567890")
    assert number.text == "123456789012345678901234567890"
    assert go_json.dumps(number) == b"1.2345678901234568e+29"


def test_a_number_too_large_is_carried_in_raw_text() -> None:
    """Where Go does not look at a number, it may be of any size; where it does, it must fit a float64."""
    parsed = go_json.loads(b'{"a": 1e999}')
    assert go_json.dumps(go_json.raw_member(parsed, "a", parsed["a"])) == b"1e999"
    with pytest.raises(EncodeError, match="infinity"):
        go_json.dumps(parsed)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (b'{"b": 1, "a": [1.0, 1e2, -0], "b": 2}', b'{"a":[1,100,0],"b":2}'),
        (b"9223372036854775808", b"9223372036854776000"),
        (b"-9223372036854775809", b"-9223372036854776000"),
        (b"99999999999999999999999", b"1e+23"),
        (b'"\\ud83d\\ude00 \\udc00"', '"\U0001f600 \ufffd"'.encode()),
        (b'"\xff\xe4\xb8"', '"\ufffd\ufffd\ufffd"'.encode()),
    ],
)
def test_reprint(text: bytes, printed: bytes) -> None:
    """Text that Go parses and prints: sorted, the last of equal names, whole numbers only as far as int64."""
    assert printed == go_json.reprint(text)


@pytest.mark.parametrize("text", [b"", b"{", b"NaN", b"1e999", b"[" * 100_000])
def test_reprint_refuses(text: bytes) -> None:
    """What Go cannot parse is an error."""
    with pytest.raises(DecodeError):
        go_json.reprint(text)


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        (31.0, "31"),
        (-0.0, "0"),
        (1.2345678901234567e18, "1234567890123456800"),  # the shortest digits, then zeroes
        (1.2345678901234567e20, "123456789012345670000"),
        (0.5, "0.5"),
        (1e21, "1e+21"),
    ],
)
def test_whole_numbers_have_the_digits_that_go_prints(number: float, printed: str) -> None:
    """Not those of the binary number; what has a fraction or an exponent stays as it is."""
    assert str(go_json.as_whole_numbers({"a": [number]})["a"][0]) == printed
