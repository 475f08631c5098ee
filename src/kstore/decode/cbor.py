"""
CBOR as Kubernetes stores custom resources with it: plain JSON values behind the self-describe tag, both ways.

Accepts and refuses what apimachinery's decoder does when it reads into `unstructured`, and writes its deterministic
form: strings as byte strings, the shortest numbers, members sorted by their encoded names.
(`apimachinery/pkg/runtime/serializer/cbor/internal/modes/{decode,encode}.go`)
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from kstore.decode.envelope import CBOR_PREFIX
from kstore.decode.json.go_json import loads as load_json
from kstore.decode.json.go_json import reprint
from kstore.decode.json.number import Number
from kstore.decode.json.raw_json import RawJSON
from kstore.errors import DecodeError, EncodeError
from kstore.scalars.times import parse_time

UNSIGNED, NEGATIVE, BYTE_STRING, TEXT, ARRAY, MAP, TAG, OTHER = range(8)
"""Major types: the upper three bits of an item's first byte."""
_BREAK = 0xFF
_INDEFINITE = 31
_CONSTANTS = {20: False, 21: True, 22: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_TIME_TEXT, _TIME_SECONDS, _BIGNUMS = 0, 1, (2, 3)
_LATER_ENCODINGS: dict[int, Callable[[bytes], bytes]] = {
    21: lambda content: base64.urlsafe_b64encode(content).rstrip(b"="),
    22: base64.b64encode,
    23: lambda content: content.hex().encode(),
}
"""Tags that say in which text encoding a byte string is to be shown (RFC 8949, 3.4.5.2)."""
_INT64 = range(-(1 << 63), 1 << 63)


def loads(value: bytes) -> Any:
    """
    Read a stored CBOR value into plain JSON values; floats are `Number`s.

    Stricter than upstream in two things: a byte string must be UTF-8, since nothing that shows it could; and null is no
    name, where upstream takes it for the name before it.

    Raises:
        DecodeError: not CBOR, or nothing that JSON could say (big numbers, names that are no strings or come twice,
            NaN); with the byte offset.
    """
    reader = _Reader(value)
    try:
        found = reader.item()
    except RecursionError:
        raise DecodeError("the CBOR value is nested too deeply", offset=reader.offset) from None
    if reader.offset != len(value):
        raise DecodeError("something follows the CBOR value", offset=reader.offset)
    return found


class _Reader:
    """One pass over a value; every method begins at `offset` and leaves it behind what it read."""

    def __init__(self, value: bytes) -> None:
        self.value = value
        self.offset = 0
        self.encodings: list[int] = []
        """The tags around what is being read that say how byte strings are shown."""

    def fail(self, message: str, offset: int) -> DecodeError:
        return DecodeError(f"the CBOR value is broken: {message}", offset=offset)

    def take(self, length: int) -> bytes:
        start, self.offset = self.offset, self.offset + length
        if self.offset > len(self.value):
            self.offset = start
            raise self.fail("it is cut short", len(self.value))
        return self.value[start : self.offset]

    def head(self) -> tuple[int, int, int]:
        """An item's first byte, parted, and the number that it or the bytes behind it tell."""
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info, info
        if info < 28:
            return major, info, int.from_bytes(self.take(1 << info - 24))
        if info == _INDEFINITE and major in (BYTE_STRING, TEXT, ARRAY, MAP):
            return major, info, -1
        raise self.fail(f"an item cannot begin with byte {first:#04x}", self.offset - 1)

    def item(self) -> Any:
        start = self.offset
        major, info, number = self.head()
        if major in (UNSIGNED, NEGATIVE):
            whole = number if major == UNSIGNED else -1 - number
            if whole not in _INT64:
                raise self.fail(f"the number {whole} does not fit an int64", start)
            return whole
        if major in (BYTE_STRING, TEXT):
            return self.string(major, number, start)
        if major == ARRAY:
            return [self.item() for _ in self.elements(number)]
        if major == MAP:
            return self.members(number)
        return self.tagged(number, start) if major == TAG else self.other(info, start)

    def elements(self, count: int) -> Iterator[int]:
        """As many turns as there are elements; until the break where their number is not told."""
        turn = 0
        while turn != count and not (count < 0 and self.at_break()):
            yield turn
            turn += 1

    def at_break(self) -> bool:
        """Whether an item of indefinite length ends here; the break is passed over."""
        if self.take(1)[0] == _BREAK:
            return True
        self.offset -= 1
        return False

    def content(self, major: int, length: int, start: int) -> bytes:
        """A string's bytes; one of indefinite length consists of definite ones of its own type."""
        if length >= 0:
            return self.take(length)
        chunks = []
        while not self.at_break():
            chunk_major, _, chunk_length = self.head()
            if chunk_major != major or chunk_length < 0:
                raise self.fail("a string consists of something else", start)
            chunks.append(self.take(chunk_length))
        return b"".join(chunks)

    def string(self, major: int, length: int, start: int) -> str:
        content = self.content(major, length, start)
        if major == BYTE_STRING and self.encodings:
            content = _LATER_ENCODINGS[self.encodings[-1]](content)
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise self.fail("a string is not UTF-8", start + error.start) from None

    def members(self, count: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in self.elements(count):
            start = self.offset
            name = self.name()
            if name in found:
                raise self.fail(f"the name {name[:60]!r} comes twice in one map", start)
            found[name] = self.item()
        return found

    def name(self) -> str:
        """A member's name: a string; its tags say nothing, but for those of byte strings."""
        outer, start = len(self.encodings), self.offset
        major, _, number = self.head()
        while major == TAG and number not in _BIGNUMS:
            if number in _LATER_ENCODINGS:
                self.encodings.append(number)
            tag = number
            major, _, number = self.head()
            if tag == _TIME_SECONDS or (tag == _TIME_TEXT and major != TEXT):
                raise self.fail("a time that is none", start)
        if major not in (BYTE_STRING, TEXT):
            raise self.fail("a member's name is no string", start)
        name = self.string(major, number, start)
        del self.encodings[outer:]
        return name

    def tagged(self, tag: int, start: int) -> Any:
        """What is behind a tag: most tags are passed over, as upstream does."""
        if tag in _BIGNUMS:
            raise self.fail("numbers of more than 64 bits are not accepted", start)
        if tag in _LATER_ENCODINGS:
            self.encodings.append(tag)
            content = self.item()
            self.encodings.pop()
            return content
        if tag not in (_TIME_TEXT, _TIME_SECONDS):
            return self.item()
        major = (self.value[self.offset] >> 5) if self.offset < len(self.value) else -1
        content = self.item()
        try:
            if tag == _TIME_TEXT and major == TEXT:
                return _canonical_time(content)
            if tag == _TIME_SECONDS and major != TAG and type(content) in (int, Number):
                return _time_of(content)
        except (ValueError, OverflowError):
            pass
        raise self.fail("a time that is none", start)

    def other(self, info: int, start: int) -> Any:
        self.offset = start + 1
        if info in _FLOATS:
            (number,) = struct.unpack(_FLOATS[info], self.take(1 << info - 24))
            if not math.isfinite(number):
                raise self.fail("JSON has no infinity and no NaN", start)
            return Number(number)
        if info in _CONSTANTS:
            return _CONSTANTS[info]
        raise self.fail("a simple value other than true, false and null", start)


def _canonical_time(text: str) -> str:
    """A time as Go prints it again (`time.RFC3339Nano`): no trailing zeros in the fraction, `Z` for no offset."""
    parse_time(text)
    clock, zone = (text[:-1], "Z") if text.endswith("Z") else (text[:-6], text[-6:])
    second, _, fraction = clock.replace(",", ".").partition(".")
    fraction = fraction[:9].rstrip("0")
    return second + (f".{fraction}" if fraction else "") + ("Z" if zone[1:] == "00:00" else zone)


def _time_of(seconds: float) -> str:
    """Unix seconds as a time in UTC, to the nanosecond."""
    whole = int(seconds)
    carry, nanos = divmod(int((seconds - whole) * 1e9), 10**9)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole + carry)
    return _canonical_time(f"{moment:%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z")


# ---- writing


def dumps(value: Any) -> bytes:
    """
    The stored CBOR of plain JSON values.

    Raises:
        EncodeError: something in it has no CBOR form.
    """
    out = bytearray(CBOR_PREFIX)
    try:
        _write(value, out)
    except RecursionError:
        raise EncodeError("the object is nested too deeply") from None
    except (OverflowError, AttributeError, DecodeError) as error:
        raise EncodeError(f"the object has no CBOR form: {error}") from None
    except UnicodeEncodeError as error:
        raise EncodeError(f"a string has no UTF-8 form: {error}") from None
    return bytes(out)


def _head(major: int, number: int) -> bytes:
    """An item's first bytes, the number in the fewest that hold it."""
    if number < 24:
        return bytes([major << 5 | number])
    size = 0 if number < 1 << 8 else 1 if number < 1 << 16 else 2 if number < 1 << 32 else 3
    return bytes([major << 5 | 24 + size]) + number.to_bytes(1 << size)


def _string(text: str) -> bytes:
    content = text.encode()
    return _head(BYTE_STRING, len(content)) + content


def _write(value: Any, out: bytearray) -> None:
    if isinstance(value, str):
        out += _string(value)
    elif value is None or isinstance(value, bool):
        out.append(OTHER << 5 | {False: 20, True: 21, None: 22}[value])
    elif isinstance(value, int) and value in _INT64:
        out += _head(UNSIGNED, value) if value >= 0 else _head(NEGATIVE, -1 - value)
    elif isinstance(value, int | float):
        out += _float(float(value))
    elif isinstance(value, dict):
        out += _head(MAP, len(value))
        for name, item in sorted(((_string(name), item) for name, item in value.items()), key=itemgetter(0)):
            out += name
            _write(item, out)
    elif isinstance(value, list):
        out += _head(ARRAY, len(value))
        for item in value:
            _write(item, out)
    elif isinstance(value, RawJSON):
        _write(load_json(reprint(value.data)), out)
    else:
        raise EncodeError(f"a {type(value).__name__} has no place in CBOR")


def _float(number: float) -> bytes:
    """The shortest of the three forms that holds the number exactly."""
    if not math.isfinite(number):
        raise EncodeError("CBOR of Kubernetes has no infinity and no NaN")
    for info, form in _FLOATS.items():
        try:
            content = struct.pack(form, number)
        except OverflowError:
            continue
        if struct.unpack(form, content)[0] == number:
            return bytes([OTHER << 5 | info]) + content
    raise AssertionError("a float64 holds every float")
