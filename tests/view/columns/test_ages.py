"""
Ages as kubectl prints them, where their units change.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kstore.view.columns.ages import UNKNOWN, between, human_duration, nanoseconds, since, until

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86_400
YEAR = 365 * DAY


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (1, "1s"), (119, "119s"), (2 * MINUTE, "2m"), (2 * MINUTE + 1, "2m1s"),
        (10 * MINUTE - 1, "9m59s"), (10 * MINUTE, "10m"), (3 * HOUR - 1, "179m"), (3 * HOUR, "3h"),
        (3 * HOUR + MINUTE, "3h1m"), (8 * HOUR - 1, "7h59m"), (8 * HOUR, "8h"), (2 * DAY - 1, "47h"),
        (2 * DAY, "2d"), (2 * DAY + HOUR, "2d1h"), (8 * DAY - 1, "7d23h"), (8 * DAY, "8d"),
        (2 * YEAR - 1, "729d"), (2 * YEAR, "2y"), (2 * YEAR + DAY, "2y1d"), (7 * YEAR + 200 * DAY, "7y200d"),
        (8 * YEAR - 1, "7y364d"), (8 * YEAR, "8y"), (8 * YEAR + 300 * DAY, "8y"), (100 * YEAR, "100y"),
        (-1, "0s"), (-2, "<invalid>"),
    ],
)  # fmt: skip
def test_each_unit(seconds: int, text: str) -> None:
    """Two units while the larger one is small, then one; a moment in the future is now."""
    assert human_duration(seconds * 10**9) == text
    assert human_duration(seconds * 10**9 + (10**9 - 1 if seconds >= 0 else 0)) == text, "a part of a second is none"


def test_from_and_to_a_time() -> None:
    """Since it, until it, and from one to another; nothing is said of a time that is not there."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    now = nanoseconds(moment)
    assert since("2026-01-02T03:04:00Z", now) == "5s"
    assert since("2026-01-02T04:04:00+02:00", now) == "60m"
    assert until("2026-01-04T03:04:05Z", now) == "2d"
    assert since(None, now) == until("", now) == since("soon", now) == UNKNOWN
    assert since("0001-01-01T00:00:00Z", now) == UNKNOWN
    assert between("2026-01-02T03:04:00Z", "2026-01-02T03:14:00Z") == "10m"
    assert nanoseconds(moment + timedelta(microseconds=3)) == now + 3000
    assert nanoseconds(moment.replace(tzinfo=None)) == now
