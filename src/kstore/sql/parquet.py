"""
Objects as rows of Parquet files, for DuckDB, Spark, Athena or pandas over many stores: the columns of `objects`.

A file appears whole or not at all. Needs the extra `parquet` (pyarrow and arro3).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from kstore.errors import ExtraMissing, SourceError, WriteRefused
from kstore.new_file import NewFile
from kstore.sql.arrow import pyarrow_reader_of
from kstore.sql.columns import OBJECTS, Row

_PARTITION: Final = "store"
"""The column that a partitioned dataset has in the names of its folders, as Hive writes them."""


def require_pyarrow() -> None:
    """
    See that Parquet can be written.

    Raises:
        ExtraMissing: pyarrow or arro3 is not installed.
    """
    try:
        import arro3.core  # noqa: F401 - only whether they are there
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise ExtraMissing("Parquet needs pyarrow and arro3", extra="parquet") from None


def partition_of(folder: Path, store: str, revision: int) -> Path:
    """
    The file of a dataset that takes a store as of a revision: `FOLDER/store=ADDRESS/revision-N.parquet`.

    Args:
        folder: the dataset's.
        store: the store's address; percent-encoded, as Hive's readers expect it.
        revision: of the store.
    """
    return folder / f"{_PARTITION}={quote(store, safe='')}" / f"revision-{revision}.parquet"


def write_parquet(path: Path, rows: Iterable[Row], *, partitioned: bool = False) -> int:
    """
    Write objects to a new file, which appears whole or not at all; how many there were.

    Args:
        path: the file.
        rows: the objects.
        partitioned: the file is one of a dataset: its folder, which is made, names the store.

    Raises:
        ExtraMissing: pyarrow or arro3 is not installed.
        WriteRefused: the file is there already.
        SourceError: it cannot be written.
    """
    require_pyarrow()
    if path.exists():
        raise WriteRefused("the file already exists", where=str(path), hint="name another file")
    columns = [one for one in OBJECTS if not (partitioned and one.name == _PARTITION)]
    try:
        with (
            _folder_of_a_store(path.parent) if partitioned else nullcontext(),
            NewFile(path) as new,
            os.fdopen(os.dup(new.descriptor), "wb") as file,
        ):
            found = pyarrow_reader_of(rows, columns, json=False)
            count = write_batches(found.schema, found, file)
            file.flush()
            new.publish(replace=False)
    except BlockingIOError as taken:
        raise WriteRefused(str(taken.strerror), where=str(path), hint="name another file") from None
    except FileExistsError:
        raise WriteRefused("the file already exists", where=str(path), hint="name another file") from None
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror or error}", where=str(path)) from error
    return count


@contextmanager
def _folder_of_a_store(folder: Path) -> Iterator[None]:
    """Make the folder; a store that cannot be read leaves none behind."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # files of other revisions are in it
            folder.rmdir()
        raise


def write_batches(schema: Any, found: Iterable[Any], out: Any) -> int:
    """
    Write record batches as Parquet, compressed with zstd; how many rows there were.

    Args:
        schema: of the batches, as pyarrow has it.
        found: the batches, pyarrow's.
        out: a path, or a stream of bytes.
    """
    from pyarrow.parquet import ParquetWriter

    count = 0
    with ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in found:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def write_table(columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]], out: Any) -> None:
    """
    Write rows of text and numbers as Parquet.

    Args:
        columns: their names.
        types: theirs: `string`, `int64` or `double`.
        rows: the values.
        out: a path, or a stream of bytes.

    Raises:
        ExtraMissing: pyarrow or arro3 is not installed.
    """
    require_pyarrow()
    import pyarrow

    kinds = {"string": pyarrow.string(), "int64": pyarrow.int64(), "double": pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in zip(columns, types, strict=True)])
    arrays = [pyarrow.array([row[at] for row in rows], field.type) for at, field in enumerate(schema)]
    write_batches(schema, [pyarrow.record_batch(arrays, schema=schema)], out)
