"""
Ages as kubectl prints them: `12s`, `5m3s`, `3d4h`, `2y17d`.

Knows `apimachinery/pkg/util/duration/duration.go`; the time of day is always passed in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kstore.scalars.times import ZERO_SECONDS, parse_time

_SECOND = 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = (1 << 63) - 1
"""The longest Go duration; `Time.Sub` stops there."""

UNKNOWN = "<unknown>"


def nanoseconds(moment: datetime) -> int:
    """A point in time as nanoseconds since 1970; one without a zone is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def human_duration(nanos: int) -> str:
    """Print a duration as `duration.HumanDuration` does; up to two seconds in the future count as now."""
    seconds = abs(nanos) // _SECOND
    if nanos < 0 and seconds > 0:
        return "0s" if seconds == 1 else "<invalid>"
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(major: int, major_unit: str, minor: int, minor_unit: str) -> str:
    return f"{major}{major_unit}{minor}{minor_unit}" if minor else f"{major}{major_unit}"


def instant(timestamp: str | None) -> int | None:
    """Nanoseconds since 1970 of a stored time; None for the zero time, an absent or an unreadable one."""
    if not timestamp:
        return None
    try:
        seconds, nanos = parse_time(timestamp)
    except ValueError:
        return None
    return None if seconds == ZERO_SECONDS and nanos == 0 else seconds * _SECOND + nanos


def since(timestamp: str | None, now: int) -> str:
    """How long ago a time was (`translateTimestampSince`)."""
    then = instant(timestamp)
    return UNKNOWN if then is None else human_duration(_bounded(now - then))


def until(timestamp: str | None, now: int) -> str:
    """How far away a time is (`translateTimestampUntil`)."""
    then = instant(timestamp)
    return UNKNOWN if then is None else human_duration(_bounded(then - now))


def between(start: str | None, end: str | None) -> str:
    """The time from one to the other; an absent one is Go's zero time."""
    zero = ZERO_SECONDS * _SECOND
    first, last = instant(start), instant(end)
    return human_duration(_bounded((zero if last is None else last) - (zero if first is None else first)))


def _bounded(nanos: int) -> int:
    return max(-_LONGEST - 1, min(_LONGEST, nanos))
