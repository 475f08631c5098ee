"""
Rows as text, whatever a database returns.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kstore.view.rows_text import FORMS, cell_text, plain_value, table_text


@pytest.mark.parametrize(
    ("value", "kind", "cell", "document"),
    [
        (None, "VARCHAR", "<none>", None),
        ("", "VARCHAR", "", ""),
        (True, "BOOLEAN", "true", True),
        (3, "BIGINT", "3", 3),
        (2**70, "HUGEINT", str(2**70), 2**70),
        (Decimal("12"), "DECIMAL(3,0)", "12", 12),
        (Decimal("1.5"), "DECIMAL(3,1)", "1.5", 1.5),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "TIMESTAMP WITH TIME ZONE", "2026-01-02T03:04:05Z",
         "2026-01-02T03:04:05Z"),
        (date(2026, 1, 2), "DATE", "2026-01-02", "2026-01-02"),
        (timedelta(days=1), "INTERVAL", "1 day, 0:00:00", "1 day, 0:00:00"),
        ('"node-1"', "JSON", "node-1", "node-1"),
        ('{"a": [1, 2.50]}', "JSON", '{"a":[1,2.5]}', {"a": [1, 2.5]}),
        ("null", "JSON", "<none>", None),
        (['{"a":1}', None], "JSON[]", '[{"a":1},null]', [{"a": 1}, None]),
        ({"app": "web"}, "MAP(VARCHAR, VARCHAR)", '{"app":"web"}', {"app": "web"}),
        (b"\0\xff", "BLOB", "AP8=", "AP8="),
    ],
)  # fmt: skip
def test_values(value: Any, kind: str, cell: str, document: Any) -> None:
    """Each type has one form in a cell and one in JSON."""
    assert cell_text(value, kind) == cell
    text = "".join(FORMS["jsonl"](["x"], [kind], [[value]]))
    assert json.loads(text) == {"x": document}
    assert json.loads("".join(FORMS["json"](["x"], [kind], [[value], [value]]))) == [{"x": document}] * 2


def test_no_rows() -> None:
    """An answer without rows is a header, or an empty list."""
    assert "".join(FORMS["json"](["x"], ["INTEGER"], [])) == "[]\n"
    assert "".join(FORMS["jsonl"](["x"], ["INTEGER"], [])) == ""
    assert "".join(FORMS["table"](["x"], ["INTEGER"], [])) == "X\n"
    assert "".join(FORMS["csv"](["x"], ["INTEGER"], [])) == "x\r\n"


def test_cells_are_one_line() -> None:
    """What would break a table apart is escaped in it; a long cell is cut where that is asked for."""
    row = ["a\nb\tc|d"]
    assert "".join(FORMS["table"](["x"], ["VARCHAR"], [row])) == "X\na\\nb\\tc|d\n"
    assert "".join(FORMS["markdown"](["x"], ["VARCHAR"], [row])).splitlines()[2] == "| a\\\\nb\\\\tc\\|d |"
    assert "".join(table_text(["x"], ["VARCHAR"], [["abcdef"]], most=4)) == "X\nabc…\n"


def test_two_columns_of_one_name() -> None:
    """None of them is lost."""
    assert json.loads("".join(FORMS["jsonl"](["a", "a"], ["INTEGER", "INTEGER"], [[1, 2]]))) == {"a": 1, "a_2": 2}


def test_nested_values() -> None:
    """Values in lists and structs are worded like others."""
    assert plain_value([datetime(2026, 1, 2, tzinfo=UTC)], "TIMESTAMPTZ[]") == ["2026-01-02T00:00:00Z"]
