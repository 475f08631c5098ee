"""
Times and durations are read and printed as Go does.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kstore.scalars import times


@given(st.integers(times.ZERO_SECONDS, 253402300799))
def test_times_agree_with_python(seconds: int) -> None:
    """Within Python's years both calendars agree, both ways."""
    expected = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime("%m-%dT%H:%M:%SZ")
    text = times.format_time(seconds)
    assert expected == text[5:]
    assert (seconds, 0) == times.parse_time(text)


def test_years_beyond_python() -> None:
    """Years of five digits, and before the first, are printed as Go prints them."""
    assert times.format_time(253402300800) == "10000-01-01T00:00:00Z"
    assert times.format_time(times.ZERO_SECONDS - 1) == "0000-12-31T23:59:59Z"
    assert times.format_time((1 << 63) - 1) == "292277026596-12-04T15:30:07Z"


@given(st.integers(-(1 << 63), (1 << 63) - 1))
@example(-(1 << 63))
def test_whatever_is_printed_is_read_back(seconds: int) -> None:
    """All that an int64 counts; below Go's first year it counts on from above."""
    assert (times.parse_printed(times.format_time(seconds))[0] - seconds) % (1 << 64) == 0


def test_only_years_of_four_digits_are_input() -> None:
    """Go prints longer years, and refuses to read them."""
    with pytest.raises(ValueError, match="time"):
        times.parse_time("10000-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2006-01-02T15:04:05Z", (1136214245, 0)),
        ("2006-01-02T15:04:05.5Z", (1136214245, 500_000_000)),
        ("2006-01-02T15:04:05.123456Z", (1136214245, 123_456_000)),
        ("2006-01-02T15:04:05+02:00", (1136207045, 0)),
        ("2006-01-02T15:04:05-07:30", (1136241245, 0)),
        ("2006-01-02T5:04:05,5Z", (1136178245, 500_000_000)),
        ("2006-01-02T15:04:05+23:60", (1136127845, 0)),
    ],
)
def test_reading(text: str, expected: tuple[int, int]) -> None:
    """Fractions and zones are understood."""
    assert expected == times.parse_time(text)


@pytest.mark.parametrize(
    "text", ["", "2006-01-02", "2006-13-02T15:04:05Z", "2006-02-30T15:04:05Z", "2006-01-02T15:04:05"]
)
def test_no_time(text: str) -> None:
    """What is no time is refused."""
    with pytest.raises(ValueError, match="time"):
        times.parse_time(text)


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1100, "1.1µs"),
        (2_200_000, "2.2ms"),
        (1_500_000_000, "1.5s"),
        (60_000_000_000, "1m0s"),
        (3_661_000_000_000, "1h1m1s"),
        (-3_600_000_000_000, "-1h0m0s"),
    ],
)
def test_durations(nanos: int, text: str) -> None:
    """Durations have Go's notation, both ways."""
    assert text == times.format_duration(nanos)
    assert nanos == times.parse_duration(text)


@given(st.integers(-(1 << 63) + 1, (1 << 63) - 1))
def test_durations_survive(nanos: int) -> None:
    """Every duration is read back as it was."""
    assert nanos == times.parse_duration(times.format_duration(nanos))


@pytest.mark.parametrize("text", ["", "1", "h", "1 h", "1x", "9999999h"])
def test_no_duration(text: str) -> None:
    """What is no duration is refused."""
    with pytest.raises(ValueError, match="duration"):
        times.parse_duration(text)
