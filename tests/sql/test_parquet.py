"""
Parquet files: whole or not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import kstore
from kstore.errors import DamagedStore
from kstore.sql.asked_store import AskedStore
from kstore.sql.columns import Row
from kstore.sql.parquet import partition_of, write_parquet
from kstore.sql.tables import object_rows

pytest.importorskip("pyarrow")


def damaged_behind(rows: Iterator[Row], count: int) -> Iterator[Row]:
    """A store of which only the first objects can be read."""
    for _ in range(count):
        yield next(rows)
    raise DamagedStore("a page is gone", where="demo.db")


@pytest.fixture
def rows() -> Iterator[Iterator[Row]]:
    """All objects of the demo store."""
    with kstore.open("demo") as store:
        yield object_rows(AskedStore.pinned(store._store))


@pytest.mark.parametrize("count", [0, 5, 250])
def test_a_store_that_ends_in_damage(rows: Iterator[Row], count: int, tmp_path: Path) -> None:
    """It leaves neither a file nor a folder that readers of the dataset would take for a store."""
    path = partition_of(tmp_path / "lake", "s3://backups/a b.db", 7)
    with pytest.raises(DamagedStore, match="a page is gone"):
        write_parquet(path, damaged_behind(rows, count), partitioned=True)
    assert list((tmp_path / "lake").iterdir()) == []


def test_other_nights_stay(rows: Iterator[Row], tmp_path: Path) -> None:
    """A folder with files of other revisions is left as it is."""
    earlier = partition_of(tmp_path / "lake", "demo", 7)
    assert write_parquet(earlier, rows, partitioned=True) == 264
    with pytest.raises(DamagedStore):
        write_parquet(partition_of(tmp_path / "lake", "demo", 8), damaged_behind(rows, 0), partitioned=True)
    assert list((tmp_path / "lake").rglob("*.parquet")) == [earlier]
