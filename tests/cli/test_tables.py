"""
The options of a table, understood.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from kstore.cli.tables import table_choice
from kstore.errors import UsageError


@pytest.mark.parametrize(
    ("asked", "columns"),
    [
        ("", ()),
        ("all", ("stored-version", "encoding", "encryption", "size", "revision", "lease")),
        ("size,encoding", ("size", "encoding")),
        ("lease,,size,", ("lease", "size")),
    ],
)
def test_storage_columns(asked: str, columns: tuple[str, ...]) -> None:
    """As they are named, in that order; all of them by one word."""
    assert table_choice("table", namespace=True, kind=False, storage_columns=asked).storage_columns == columns


@pytest.mark.parametrize("options", [{"storage_columns": "size,nothing"}, {"now": "yesterday"}])
def test_what_there_is_not(options: dict[str, str]) -> None:
    """It is refused."""
    with pytest.raises(UsageError):
        table_choice("table", namespace=True, kind=False, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "moment"),
    [
        ("", None),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_the_time_that_ages_are_counted_to(now: str, moment: datetime | None) -> None:
    """A time without a zone is one of UTC."""
    assert table_choice("wide", namespace=True, kind=False, now=now).now == moment


def test_labels_are_told_apart_by_commas() -> None:
    """As kubectl's -L takes them, given once or several times."""
    choice = table_choice("table", namespace=True, kind=False, label_columns=("a,b", "c"))
    assert choice.label_columns == ("a", "b", "c")
