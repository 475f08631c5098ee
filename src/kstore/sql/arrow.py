"""
Rows as Arrow: types, schemas and batches.

Batches are cut by rows and by the bytes of what was read, so that large objects need no more memory than small ones.
They are arro3's, which is a tenth of pyarrow's size in memory; whoever needs pyarrow's has them without a copy, by
Arrow's PyCapsule interface.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from kstore.sql.columns import BOOLEAN, INTEGER, JSON, MAP, PLACES, STRING, STRINGS, TIME, Column

if TYPE_CHECKING:
    from arro3.core import Array, DataType, RecordBatch, Schema
    from pyarrow import RecordBatchReader as RecordBatchReader

_ROWS, _BYTES = 2_000, 1 << 20
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_PLACE: Final = ("key", "detail")
_MARKED_AS_JSON: Final = {"ARROW:extension:name": "arrow.json", "ARROW:extension:metadata": ""}
"""Arrow's canonical extension type (https://arrow.apache.org/docs/format/CanonicalExtensions.html#json)."""

Build = Callable[[Sequence[Any]], "Array"]


def schema_of(columns: Sequence[Column], *, json: bool = True) -> Schema:
    """
    The Arrow schema of columns.

    Args:
        columns: in order.
        json: mark JSON as such; else it is a string, as Parquet files have it.
    """
    from arro3.core import Field, Schema

    return Schema(
        [
            Field(one.name, _types()[one.type], metadata=_MARKED_AS_JSON if json and one.type == JSON else None)
            for one in columns
        ]
    )


@cache
def _types() -> dict[str, DataType]:
    from arro3.core import DataType, Field

    text = DataType.string()
    return {
        STRING: text,
        INTEGER: DataType.int64(),
        BOOLEAN: DataType.bool(),
        TIME: DataType.timestamp("us", tz="UTC"),
        MAP: DataType.map(Field("key", text, nullable=False), Field("value", text), keys_sorted=False),
        STRINGS: DataType.list(Field("item", text)),
        JSON: text,
        PLACES: DataType.list(Field("item", DataType.struct([Field(name, text) for name in _PLACE]))),
    }


def batches(rows: Iterable[Any], columns: Sequence[Column], schema: Schema) -> Iterator[RecordBatch]:
    """
    Yield record batches.

    Args:
        rows: what the columns are computed of.
        columns: those that are computed.
        schema: of the columns.
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
            yield _batch(columns, computed, schema)
            count = size = 0
    if count:
        yield _batch(columns, computed, schema)


def _batch(columns: Sequence[Column], computed: list[tuple[Any, list[Any]]], schema: Schema) -> RecordBatch:
    from arro3.core import RecordBatch

    arrays = [_array(values, one.type) for one, (_, values) in zip(columns, computed, strict=True)]
    for _, values in computed:
        values.clear()
    return RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], kind: str) -> Array:
    build = _BUILDERS.get(kind) or _plain(kind)
    try:
        return build(values)
    except UnicodeEncodeError:  # text with half characters, which no UTF-8 has
        return build([_valid(one) for one in values])


def _valid(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_valid(one) for one in value]
    if isinstance(value, tuple):
        return tuple(_valid(one) for one in value)
    if isinstance(value, dict):
        return {key: _valid(one) for key, one in value.items()}
    return value


# ---- one builder for each type that arro3 does not build of Python's values by itself


def _plain(kind: str) -> Build:
    from arro3.core import Array

    return lambda values: Array(values, _types()[kind])


def _times(values: Sequence[datetime | None]) -> Array:
    microseconds = [None if one is None else (one - _EPOCH) // _MICROSECOND for one in values]
    return _plain(INTEGER)(microseconds).cast(_types()[TIME])


def _lists(values: Sequence[Sequence[Any] | None], items: Build, kind: str | None = None) -> Array:
    from arro3.core import Array, DataType, list_array

    offsets = Array([0, *accumulate(len(one or ()) for one in values)], DataType.int32())
    missing = _plain(BOOLEAN)([one is None for one in values])
    found = items([item for one in values for item in one or ()])
    return list_array(offsets, found, type=None if kind is None else _types()[kind], mask=missing)


def _strings(values: Sequence[Sequence[str] | None]) -> Array:
    return _lists(values, _plain(STRING), STRINGS)


def _maps(values: Sequence[Sequence[tuple[str, str]] | None]) -> Array:
    """A map's layout is that of a list of pairs: only its schema says that it is a map."""
    from arro3.core import Array, Field, struct_array

    def pairs(items: Sequence[tuple[str, str]]) -> Array:
        text = _plain(STRING)
        fields = [Field("key", _types()[STRING], nullable=False), Field("value", _types()[STRING])]
        return struct_array([text([key for key, _ in items]), text([value for _, value in items])], fields=fields)

    _, layout = _lists(values, pairs).__arrow_c_array__()
    return Array.from_arrow_pycapsule(_types()[MAP].__arrow_c_schema__(), layout)


def _places(values: Sequence[Sequence[dict[str, str]] | None]) -> Array:
    from arro3.core import Field, struct_array

    def structs(items: Sequence[dict[str, str]]) -> Array:
        fields = [Field(name, _types()[STRING]) for name in _PLACE]
        return struct_array([_plain(STRING)([one[name] for one in items]) for name in _PLACE], fields=fields)

    return _lists(values, structs, PLACES)


_BUILDERS: Final[dict[str, Build]] = {TIME: _times, MAP: _maps, STRINGS: _strings, PLACES: _places}


def pyarrow_reader_of(rows: Iterable[Any], columns: Sequence[Column], *, json: bool = True) -> RecordBatchReader:
    """
    A RecordBatchReader of pyarrow's that computes its batches as they are read, and raises what the rows raise.

    Args:
        rows: what the columns are computed of.
        columns: in order.
        json: see `schema_of`.

    Raises:
        ImportError: pyarrow or arro3 is not installed.
    """
    import pyarrow

    schema = schema_of(columns, json=json)
    found = (pyarrow.record_batch(one) for one in batches(rows, columns, schema))
    return pyarrow.RecordBatchReader.from_batches(pyarrow.schema(schema), found)
