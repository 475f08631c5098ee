"""
Rows as Arrow: types, schemas and batches.

Batches are cut by rows and by the bytes of what was read, so that large objects need no more memory than small ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kstore.sql.columns import BOOLEAN, INTEGER, JSON, MAP, PLACES, STRING, STRINGS, TIME, Column

if TYPE_CHECKING:
    from pyarrow import RecordBatchReader as RecordBatchReader

_ROWS, _BYTES = 2_000, 1 << 20


def schema_of(columns: Sequence[Column], *, json: bool = True) -> Any:
    """
    The Arrow schema of columns.

    Args:
        columns: in order.
        json: mark JSON as such; else it is a string, as Parquet files have it.
    """
    import pyarrow

    return pyarrow.schema([pyarrow.field(one.name, _types(json=json)[one.type]) for one in columns])


def _types(*, json: bool) -> dict[str, Any]:
    import pyarrow

    text = pyarrow.string()
    return {
        STRING: text,
        INTEGER: pyarrow.int64(),
        BOOLEAN: pyarrow.bool_(),
        TIME: pyarrow.timestamp("us", "UTC"),
        MAP: pyarrow.map_(text, text),
        STRINGS: pyarrow.list_(text),
        JSON: pyarrow.json_(text) if json else text,
        PLACES: pyarrow.list_(pyarrow.struct([("key", text), ("detail", text)])),
    }


def batches(rows: Iterable[Any], columns: Sequence[Column], schema: Any) -> Iterator[Any]:
    """
    Yield record batches of a schema whose columns have these names; a column that is not computed is null.

    Args:
        rows: what the columns are computed of.
        columns: those that are computed.
        schema: of the batches.
    """
    computed: list[tuple[Any, list[Any]]] = [(one.value, []) for one in columns]
    count = size = 0
    for row in rows:
        for value, values in computed:
            values.append(value(row))
        count += 1
        record = getattr(row, "record", None)
        size += len(record.value) if record is not None else 0
        if count == _ROWS or size >= _BYTES:
            yield _batch(columns, computed, schema, count)
            count = size = 0
    if count:
        yield _batch(columns, computed, schema, count)


def _batch(columns: Sequence[Column], computed: list[tuple[Any, list[Any]]], schema: Any, count: int) -> Any:
    import pyarrow

    found: dict[str, list[Any]] = {}
    for column, (_, values) in zip(columns, computed, strict=True):
        found[column.name] = values[:]
        values.clear()
    arrays = [
        _array(found[one.name], one.type) if one.name in found else pyarrow.nulls(count, one.type) for one in schema
    ]
    return pyarrow.record_batch(arrays, schema=schema)


def _array(values: list[Any], kind: Any) -> Any:
    import pyarrow

    storage = getattr(kind, "storage_type", None)
    try:
        found = pyarrow.array(values, type=storage or kind)
    except (pyarrow.ArrowInvalid, UnicodeEncodeError):  # text with half characters, which no UTF-8 has
        found = pyarrow.array([_valid(one) for one in values], type=storage or kind)
    return found if storage is None else kind.wrap_array(found)


def _valid(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_valid(one) for one in value]
    if isinstance(value, tuple):
        return tuple(_valid(one) for one in value)
    return value


def reader_of(rows: Iterable[Any], columns: Sequence[Column], *, json: bool = True) -> Any:
    """A RecordBatchReader that computes its batches as they are read."""
    import pyarrow

    schema = schema_of(columns, json=json)
    return pyarrow.RecordBatchReader.from_batches(schema, batches(rows, columns, schema))
