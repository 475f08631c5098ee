"""
Times and durations: `metav1.Time`, `metav1.MicroTime`, `metav1.Duration`.

Knows RFC 3339 as Go reads and prints it, for every second that an int64 can count, and Go's duration notation.
"""

from __future__ import annotations

import re
from functools import lru_cache

ZERO_SECONDS = -62_135_596_800
"""Unix seconds of Go's zero `time.Time`: 0001-01-01T00:00:00Z, which Kubernetes writes as null."""

_DAY = 86_400
_FIRST_SECOND = (-146_097 * 292_277_022_400 // 400 - 306) * _DAY + ZERO_SECONDS
"""Unix seconds of March 1st of the year -292277022400, from which Go counts in 64 bits (`absoluteYears` of time.go)."""
_REST = r"-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))\Z"
_RFC3339 = re.compile(r"(\d{4})" + _REST, re.A)
_PRINTED = re.compile(r"(-?\d{4,})" + _REST, re.A)


def _days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a date of the proleptic Gregorian calendar."""
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


def _civil_from_days(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01."""
    days += 719_468
    era = days // 146_097
    day_of_era = days - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_index = (5 * day_of_year + 2) // 153
    month = month_index + (3 if month_index < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * month_index + 2) // 5 + 1


@lru_cache(maxsize=16384)
def format_seconds(seconds: int) -> str:
    """Print Unix seconds, an int64, as RFC 3339 in UTC, without the zone (`2006-01-02T15:04:05`)."""
    seconds = (seconds - _FIRST_SECOND) % (1 << 64) + _FIRST_SECOND
    days, rest = divmod(seconds, _DAY)
    year, month, day = _civil_from_days(days)
    sign = "-" if year < 0 else ""
    return f"{sign}{abs(year):04d}-{month:02d}-{day:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def format_time(seconds: int) -> str:
    """Print Unix seconds as `metav1.Time` does."""
    return format_seconds(seconds) + "Z"


def format_micro_time(seconds: int, nanos: int) -> str:
    """Print seconds and nanoseconds as `metav1.MicroTime` does: six decimals, the rest cut off."""
    return f"{format_seconds(seconds)}.{nanos // 1000:06d}Z"


def _month_days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@lru_cache(maxsize=16384)
def parse_time(text: str) -> tuple[int, int]:
    """
    Read RFC 3339 into Unix seconds and nanoseconds, as Go's `time.Parse(time.RFC3339, text)`.

    Raises:
        ValueError: the text is no such time.
    """
    return _parse(_RFC3339.match(text))


@lru_cache(maxsize=16384)
def parse_printed(text: str) -> tuple[int, int]:
    """
    Read what `format_time` and `format_micro_time` print: years of any length, which `parse_time` refuses as Go does.

    Raises:
        ValueError: the text is no such time.
    """
    return _parse(_PRINTED.match(text))


def _parse(match: re.Match[str] | None) -> tuple[int, int]:
    if match is None:
        raise ValueError("a time must look like 2006-01-02T15:04:05Z")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= _month_days(year, month) and hour < 24 and minute < 60 and second < 60):
        raise ValueError("a part of the time is out of range")
    seconds = _days_from_civil(year, month, day) * _DAY + hour * 3600 + minute * 60 + second
    if match[8]:
        zone_hour, zone_minute = int(match[9]), int(match[10])
        if zone_hour > 24 or zone_minute > 60:
            raise ValueError("the zone is out of range")
        offset = zone_hour * 3600 + zone_minute * 60
        seconds += offset if match[8] == "-" else -offset
    return seconds, int((match[7] or "").ljust(9, "0")[:9])


_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_DURATION_PART = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)", re.A)


def parse_duration(text: str) -> int:
    """
    Read a duration such as `1h30m` into nanoseconds, as Go's `time.ParseDuration`.

    Raises:
        ValueError: the text is no duration, or does not fit an int64.
    """
    body = text[1:] if text[:1] in ("-", "+") else text
    if body == "0":
        return 0
    total = position = 0
    while position < len(body):
        match = _DURATION_PART.match(body, position)
        if match is None or not (match[1] or match[2]):
            raise ValueError("a duration must look like 1h30m or 250ms")
        unit = _UNITS[match[3]]
        total += int(match[1] or 0) * unit
        if match[2]:
            total += int(match[2]) * unit // 10 ** len(match[2])
        position = match.end()
    if not body or total >= 1 << 63:
        raise ValueError("a duration must look like 1h30m, and be under 292 years")
    return -total if text[0] == "-" else total


def format_duration(nanos: int) -> str:
    """Print nanoseconds as Go's `time.Duration.String`: `1h0m0s`, `1.5s`, `250ms`, `0s`."""
    if nanos == 0:
        return "0s"
    sign, rest = ("-", -nanos) if nanos < 0 else ("", nanos)
    if rest < 10**9:
        for unit in ("ms", "µs", "ns"):
            if rest >= _UNITS[unit]:
                return f"{sign}{_decimal(rest, _UNITS[unit])}{unit}"
    minutes, rest = divmod(rest, 60 * 10**9)
    text = f"{_decimal(rest, 10**9)}s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = (f"{hours}h" if hours else "") + f"{minutes}m" + text
    return sign + text


def _decimal(value: int, unit: int) -> str:
    """`value / unit`, exact, without trailing zeros; `unit` is a power of ten."""
    whole, fraction = divmod(value, unit)
    if not fraction:
        return str(whole)
    return f"{whole}.{str(fraction).rjust(len(str(unit)) - 1, '0').rstrip('0')}"
