"""
Protobuf messages with a notation of their own in JSON: times, durations, quantities, IntOrString, raw JSON.

Bytes to values and back, as Go's own Unmarshal and MarshalJSON make of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from kstore.decode.json.raw_json import RawJSON
from kstore.scalars import times
from kstore.scalars.int_or_string import NumberWithText, TextWithNumber, halves
from kstore.scalars.quantity import canonical
from kstore.wire import WireFault, fields, read_varint, signed, signed32, varint


def _numbers(b: bytes, i: int, end: int) -> dict[int, int]:
    found = {}
    for number, value in fields(b, i, end):
        if isinstance(value, int):
            found[number] = value
        elif number in (1, 2):
            raise WireFault("a number was expected")
    return found


@lru_cache(maxsize=16384)
def _time(content: bytes) -> str | None:
    if not content:
        return None
    seconds = signed(_numbers(content, 0, len(content)).get(1, 0))
    return None if seconds == times.ZERO_SECONDS else times.format_time(seconds)


def read_time(b: bytes, i: int, end: int) -> str | None:
    """`metav1.Time`: nanoseconds are not kept (`apis/meta/v1/time_proto.go`)."""
    return _time(b[i:end])


def read_micro_time(b: bytes, i: int, end: int) -> str | None:
    """`metav1.MicroTime`: what is below a microsecond is cut off (`apis/meta/v1/micro_time_proto.go`)."""
    if i == end:
        return None
    parts = _numbers(b, i, end)
    nanos = signed32(parts.get(2, 0))
    micros = -(-nanos // 1000) if nanos < 0 else nanos // 1000
    carry, micros = divmod(micros, 1_000_000)
    seconds = signed(parts.get(1, 0)) + carry
    if seconds == times.ZERO_SECONDS and micros == 0:
        return None
    return times.format_micro_time(seconds, micros * 1000)


def read_duration(b: bytes, i: int, end: int) -> str:
    """`metav1.Duration`."""
    return times.format_duration(signed(_numbers(b, i, end).get(1, 0)))


def read_int_or_string(b: bytes, i: int, end: int) -> int | str:
    """`intstr.IntOrString` (`util/intstr/intstr.go`)."""
    return _int_or_string(b[i:end])


@lru_cache(maxsize=16384)
def _int_or_string(b: bytes) -> int | str:
    """Ports and percentages repeat: the same few messages are read over and over."""
    kind = number = 0
    text = ""
    for field, value in fields(b, 0, len(b)):
        if field == 1 and isinstance(value, int):
            kind = value
        elif field == 2 and isinstance(value, int):
            number = signed32(value)
        elif field == 3 and isinstance(value, bytes):
            text = value.decode()
        elif field < 4:
            raise WireFault("a field of the wrong wire type")
    if kind not in (0, 1):
        raise WireFault(f"type {kind} is neither int nor string")
    return TextWithNumber.of(text, number) if kind else NumberWithText.of(number, text)


def read_quantity(b: bytes, i: int, end: int) -> str:
    """`resource.Quantity`, in the form that Go prints (`api/resource/quantity_proto.go`)."""
    return _quantity(b[i:end])


@lru_cache(maxsize=16384)
def _quantity(content: bytes) -> str:
    text = "0"
    for field, value in fields(content, 0, len(content)):
        if field == 1:
            if not isinstance(value, bytes):
                raise WireFault("a string was expected")
            text = canonical(value.decode())
    return text


def read_raw(b: bytes, i: int, end: int) -> RawJSON | None:
    """`runtime.RawExtension`, `metav1.FieldsV1` and apiextensions' `JSON`: raw bytes, unset or not."""
    raw = None
    if i < end and b[i] == 10:
        length, begin = read_varint(b, i + 1)
        if begin + length == end:
            return RawJSON(b[begin:end])
    for field, value in fields(b, i, end):
        if field == 1:
            if not isinstance(value, bytes):
                raise WireFault("bytes were expected")
            raw = RawJSON(value)
    return raw


READERS: dict[str, Callable[[bytes, int, int], Any]] = {
    "Time": read_time,
    "MicroTime": read_micro_time,
    "Duration": read_duration,
    "IntOrString": read_int_or_string,
    "Quantity": read_quantity,
    "RawExtension": read_raw,
    "FieldsV1": read_raw,
    "JSON": read_raw,
}


# ---- and value -> bytes


@lru_cache(maxsize=16384)
def write_time(value: str | None) -> bytes:
    """A `Timestamp` of whole seconds; the zero time is an empty message, a later moment of its second is not."""
    if value is None:
        return b""
    return b"\x08" + varint(times.parse_printed(value)[0]) + b"\x10\x00"


def write_micro_time(value: str | None) -> bytes:
    """A `Timestamp` with microseconds."""
    if value is None:
        return b""
    seconds, nanos = times.parse_printed(value)
    if seconds == times.ZERO_SECONDS and nanos == 0:
        return b""
    return b"\x08" + varint(seconds) + b"\x10" + varint(nanos // 1000 * 1000)


def write_duration(value: str) -> bytes:
    """A `Duration` of nanoseconds."""
    return b"\x08" + varint(times.parse_duration(value or "0"))


def write_int_or_string(value: int | str | None) -> bytes:
    """All three fields, always."""
    return _all_three(isinstance(value, str), *halves(value))


@lru_cache(maxsize=16384)
def _all_three(is_text: bool, number: int, text: str) -> bytes:
    content = text.encode()
    return b"\x08%c\x10" % is_text + varint(number) + b"\x1a" + varint(len(content)) + content


@lru_cache(maxsize=16384)
def write_quantity(value: str | None) -> bytes:
    """The canonical text."""
    content = canonical(value or "0").encode()
    return b"\x0a" + varint(len(content)) + content


def write_raw(value: RawJSON | None) -> bytes:
    """The raw bytes, if there are any."""
    return b"" if value is None else b"\x0a" + varint(len(value.data)) + value.data


WRITERS: dict[str, Callable[[Any], bytes]] = {
    "Time": write_time,
    "MicroTime": write_micro_time,
    "Duration": write_duration,
    "IntOrString": write_int_or_string,
    "Quantity": write_quantity,
    "RawExtension": write_raw,
    "FieldsV1": write_raw,
    "JSON": write_raw,
}

ZERO: dict[str, Any] = {
    "Time": None,
    "MicroTime": None,
    "Duration": "0s",
    "IntOrString": 0,
    "Quantity": "0",
    "RawExtension": None,
    "FieldsV1": None,
    "JSON": None,
    "string": "",
    "bool": False,
    "float64": 0,
    "bytes": None,
    "any": None,
}
"""What Go's JSON has for the zero value of a plain or special type that is no integer."""
