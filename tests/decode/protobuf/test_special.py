"""
Messages with a notation of their own in JSON, in forms that Go reads and does not write.
"""

from __future__ import annotations

import pytest

from kstore import wire
from kstore.decode.protobuf.special import read_duration, read_int_or_string, read_micro_time, read_time
from kstore.wire import WireFault


def numbers(*values: int) -> bytes:
    """A message of numbers, the first field first; of 64 bits, as negative ones are written."""
    return b"".join(
        wire.tag(number, wire.VARINT) + wire.varint(value & (1 << 64) - 1) for number, value in enumerate(values, 1)
    )


@pytest.mark.parametrize(
    ("seconds", "nanos", "text"),
    [
        (0, 1999, "1970-01-01T00:00:00.000001Z"),
        (5, -1, "1970-01-01T00:00:05.000000Z"),
        (5, -1999, "1970-01-01T00:00:04.999999Z"),
        (5, -2_000_000_000, "1970-01-01T00:00:03.000000Z"),
        (5, 1_000_001_000, "1970-01-01T00:00:06.000001Z"),
    ],
)
def test_what_is_below_a_microsecond_is_cut_off(seconds: int, nanos: int, text: str) -> None:
    """Towards zero, before a second as after it, as Go divides."""
    value = numbers(seconds, nanos)
    assert read_micro_time(value, 0, len(value)) == text


def test_a_time_has_whole_seconds() -> None:
    """Nanoseconds are not kept; the zero time is none, as no time at all is."""
    value = numbers(-1, 999_999_999)
    assert read_time(value, 0, len(value)) == "1969-12-31T23:59:59Z"
    assert read_time(b"", 0, 0) is None
    zero = numbers(-62_135_596_800, 5)
    assert read_time(zero, 0, len(zero)) is None


def test_a_duration_may_be_negative() -> None:
    """Of nanoseconds."""
    value = numbers(-1_500_000_000)
    assert read_duration(value, 0, len(value)) == "-1.5s"


def test_a_type_that_there_is_not() -> None:
    """An IntOrString is one of the two."""
    with pytest.raises(WireFault, match="type 2 is neither"):
        read_int_or_string(numbers(2), 0, len(numbers(2)))
