"""
Rows as Arrow: what is built of Python's values is what pyarrow builds of the same.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from kstore.sql import arrow
from kstore.sql.columns import BOOLEAN, INTEGER, JSON, MAP, PLACES, STRING, STRINGS, TIME, Column

pyarrow = pytest.importorskip("pyarrow")

TEXT = pyarrow.string()
PLACE = pyarrow.struct([("key", TEXT), ("detail", TEXT)])
CASES: dict[str, tuple[Any, list[Any]]] = {
    STRING: (TEXT, ["", None, "name", "Größe 大 \N{ROCKET}", "\0"]),
    INTEGER: (pyarrow.int64(), [0, None, -(2**63), 2**63 - 1, 7]),
    BOOLEAN: (pyarrow.bool_(), [True, None, False]),
    TIME: (
        pyarrow.timestamp("us", "UTC"),
        [datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC), None, datetime(1, 1, 1, tzinfo=UTC),
         datetime(1969, 12, 31, 23, 59, 59, 1, UTC), datetime(9999, 12, 31, tzinfo=UTC)],
    ),
    MAP: (pyarrow.map_(TEXT, TEXT), [[("app", "cart"), ("tier", "")], None, [], [("app", "cart")]]),
    STRINGS: (pyarrow.list_(TEXT), [["kubelet"], [], None, ["a", "", "c"]]),
    JSON: (TEXT, ['{"a":1}', None, "[]"]),
    PLACES: (pyarrow.list_(PLACE), [[{"key": "/a", "detail": ""}], None, [], [{"key": "", "detail": "b"}] * 3]),
}  # fmt: skip


def column(kind: str) -> Column:
    """A column that is the row itself."""
    return Column("c", kind, "", lambda row: row)


@pytest.mark.parametrize("kind", CASES)
def test_each_type(kind: str) -> None:
    """Values, nulls and empty ones; in one batch and alone."""
    expected, values = CASES[kind]
    for rows in (values, [None], values[:1]):
        found = arrow.pyarrow_reader_of(rows, [column(kind)]).read_all()
        found.validate(full=True)
        array = found["c"].combine_chunks()
        storage = array.storage if kind == JSON else array
        assert storage == pyarrow.array(rows, expected)
    assert found.schema.field("c").type == (pyarrow.json_() if kind == JSON else expected)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (STRING, "a\ud800b", "a\\ud800b"),
        (MAP, [("k\udfff", "v")], [("k\\udfff", "v")]),
        (STRINGS, ["fine", "\udc80"], ["fine", "\\udc80"]),
        (PLACES, [{"key": "\udcff", "detail": "d"}], [{"key": "\\udcff", "detail": "d"}]),
    ],
)
def test_half_characters(kind: str, value: Any, expected: Any) -> None:
    """Text that no UTF-8 has is written as its escape, and takes no other row along."""
    found = arrow.pyarrow_reader_of([None, value, None], [column(kind)]).read_all()
    assert found["c"].to_pylist() == [None, expected, None]


def test_where_batches_end() -> None:
    """After 2,000 rows, or after a mebibyte of what was read."""
    small = [None] * 4_500
    assert [len(one) for one in arrow.pyarrow_reader_of(small, [column(STRING)])] == [2_000, 2_000, 500]
    large = [SimpleNamespace(record=SimpleNamespace(value=bytes(400_000))) for _ in range(7)]
    size = Column("size", INTEGER, "", lambda row: len(row.record.value))
    assert [len(one) for one in arrow.pyarrow_reader_of(large, [size])] == [3, 3, 1]


def test_rows_are_computed_as_they_are_read() -> None:
    """And an error of theirs arrives as it is, behind the batches before it."""
    given = []

    def rows() -> Iterator[str]:
        for number in range(2_500):
            given.append(number)
            yield str(number)
        raise KeyError("the store is gone")

    reader = arrow.pyarrow_reader_of(rows(), [column(STRING)])
    assert not given
    assert len(reader.read_next_batch()) == len(given) == 2_000
    with pytest.raises(KeyError, match="the store is gone"):
        reader.read_next_batch()


@pytest.mark.large
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["select name, labels from pods where namespace = 'shop' limit 1"], 0, ""),
        (["select 1 from pods", "-o", "parquet"], 2, "Parquet needs pyarrow"),
    ],
)
def test_without_pyarrow(arguments: list[str], code: int, said: str) -> None:
    """SQL needs none; what needs it says so."""
    pytest.importorskip("duckdb")
    script = "import sys; sys.modules['pyarrow'] = None; from kstore.cli.main import main; main()"
    command = [sys.executable, "-c", script, "--store", "demo", "sql", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
