"""
Rows as text, whatever a database returns.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kstore.view.rows_text import FORMS, cell_text, plain_value, table_text, terminal_text


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


def wide(*lengths: int) -> list[list[str]]:
    """A row of texts of so many characters."""
    return [["a" * length for length in lengths]]


@pytest.mark.parametrize(
    ("lengths", "width", "shown"),
    [
        ((10, 20), 80, (10, 20)),  # fits as it is
        ((10, 200), 80, (10, 67)),  # only the longest is cut
        ((100, 100), 80, (38, 39)),  # both are
        ((100,), 20, (32,)),  # a single column is left for the terminal to break
    ],
)
def test_a_table_fits_a_terminal(lengths: tuple[int, ...], width: int, shown: tuple[int, ...]) -> None:
    """Long cells are cut until the line fits, short ones stay whole."""
    columns = [f"c{number}" for number in range(len(lengths))]
    text = "".join(terminal_text(columns, ["VARCHAR"] * len(lengths), wide(*lengths), width))
    heading, line = text.splitlines()
    assert heading.split() == [name.upper() for name in columns]
    found = [len(cell) for cell in line.split()]
    assert len(line) <= max(width, 32)
    assert [abs(one - other) <= 1 for one, other in zip(found, shown, strict=True)] == [True] * len(lengths)


def test_too_many_columns_for_a_terminal() -> None:
    """Each row becomes lines of a name and a value; later rows, too, and an empty line is between them."""
    rows = [["x" * 40, "", "z" * 400], ["short", "y", "z"]]
    text = "".join(terminal_text(["key", "namespace", "object"], ["VARCHAR"] * 3, rows, 60))
    assert text.splitlines() == [
        "key        " + "x" * 40,
        "namespace",
        "object     " + "z" * 48 + "…",
        "",
        "key        short",
        "namespace  y",
        "object     z",
    ]


def test_what_comes_later() -> None:
    """The first rows decide, and no cell of a later one is longer than the terminal is wide."""
    rows = [["a", "b"]] * 150 + [["a" * 90, "b"]]
    lines = "".join(terminal_text(["x", "y"], ["VARCHAR"] * 2, rows, 40)).splitlines()
    assert len(lines) == 152
    assert lines[-1].split() == ["a" * 39 + "…", "b"]


def test_two_columns_of_one_name() -> None:
    """None of them is lost."""
    assert json.loads("".join(FORMS["jsonl"](["a", "a"], ["INTEGER", "INTEGER"], [[1, 2]]))) == {"a": 1, "a_2": 2}


def test_nested_values() -> None:
    """Values in lists and structs are worded like others."""
    assert plain_value([datetime(2026, 1, 2, tzinfo=UTC)], "TIMESTAMPTZ[]") == ["2026-01-02T00:00:00Z"]
