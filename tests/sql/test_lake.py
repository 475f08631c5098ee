"""
SQL over the Parquet files of several stores.
"""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("duckdb")

from tests.sql.conftest import asked_of, pod

from kstore.errors import KstoreError, UsageError
from kstore.sql.lake import Lake
from kstore.sql.parquet import partition_of, write_parquet
from kstore.sql.tables import object_rows
from kstore.testing import MemorySource


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two stores, one with an address that a path cannot hold as it is."""
    found = []
    for number, address in enumerate(("/backups/a b.db", "https://etcd:2379"), 1):
        source = MemorySource()
        for name in "xyz"[:number]:
            source.put(f"/registry/pods/shop/{name}", pod(name, f"node-{number}"))
        widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": number}}
        source.put("/registry/example.com/widgets/shop/w", widget)
        store = asked_of(source, address=address)
        path = partition_of(tmp_path, address, store.revision)
        write_parquet(path, object_rows(store), partitioned=True)
        found.append(str(path))
    return found


def test_all_stores_at_once(files: list[str]) -> None:
    """The store is told by its address; resources have tables under kubectl's names, custom ones under their plural."""
    query = "select store, count(*), min(spec->>'nodeName') from po group by 1 order by 1"
    assert list(Lake(files).answer(query).rows) == [
        ("/backups/a b.db", 1, "node-1"),
        ("https://etcd:2379", 2, "node-2"),
    ]
    assert list(Lake(files).answer("select sum((spec->>'size')::int) from widgets").rows) == [(3,)]
    assert list(Lake(files).answer("with p as (select * from pods) select count(*) from p").rows) == [(3,)]
    assert list(Lake(files).answer("select object->>'$.metadata.name' from objects where name = 'x' limit 1").rows) == [
        ("x",)
    ]


@pytest.mark.parametrize(
    "query",
    [
        "drop view objects", "select 1; select 2", "select nope from pods", "copy objects to 'x.csv'",
        "select * from read_text('/etc/hostname')", "set threads = 3", "select * from glob('/*')",
    ],
)  # fmt: skip
def test_files_are_only_read(query: str, files: list[str]) -> None:
    """Nothing else is reached, nothing is changed."""
    with pytest.raises(KstoreError):
        list(Lake(files).answer(query).rows)


def test_no_files() -> None:
    """Without any store there is nothing to ask."""
    with pytest.raises(UsageError):
        Lake([])


def test_a_custom_resource_with_its_group(files: list[str]) -> None:
    """Only that group's objects; of another group there are none."""
    counts = [
        next(iter(Lake(files).answer(f'select count(*) from "widgets{group}"').rows))[0]
        for group in ("", ".example.com", ".other.example.com")
    ]
    assert counts == [2, 2, 0]


def test_times_are_of_utc(files: list[str]) -> None:
    """Whatever the machine's zone is."""
    (row,) = Lake(files).answer("select current_setting('TimeZone'), '2026-07-01 12:00:00+00'::timestamptz::text").rows
    assert row == ("UTC", "2026-07-01 12:00:00+00")
