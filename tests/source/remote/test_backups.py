"""A full snapshot and its deltas in a bucket's folder, and what of them is fetched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.source.gardener.backups import delta, name_of
from tests.source.remote.buckets import S3

from kstore.errors import UsageError
from kstore.records import Record, Revision
from kstore.source.location.address import open_source
from kstore.source.options import SourceOptions
from kstore.source.remote.bucket import Bucket

KEY = b"/registry/configmaps/shop/new"


@pytest.fixture
def folder(s3: S3, demo: Path) -> str:
    """The demo store, and two changes after it."""
    with open_source(str(demo)) as source:
        last = source.status().revision
    base = "shoot--x/etcd-main/v2/"
    s3.put(base + name_of("Full", 0, last, 1700000000), demo.read_bytes())
    for number in (1, 2):
        record = Record(KEY, b"%d" % number, last + 1, last + number, number)
        s3.put(base + name_of("Incr", last + number, last + number, 1700000000 + number), delta([Revision(record)]))
    return f"s3://{s3.name}/{base}"


def test_a_backup_in_a_bucket(folder: str, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is the etcd as of the last delta; up to a revision, no later delta is fetched."""
    fetched: list[str] = []
    pieces = Bucket.pieces

    def counted(self: Bucket, file: Any, key: str) -> Any:
        fetched.append(key.rpartition("/")[2][:4])
        return pieces(self, file, key)

    monkeypatch.setattr(Bucket, "pieces", counted)
    with open_source(str(demo)) as source:
        last, records = source.status().revision, list(source.scan())
    with open_source(folder) as source:
        assert source.get(KEY) == Record(KEY, b"2", last + 1, last + 2, 2)
        assert list(source.scan(revision=last)) == records
        assert source.status().location == folder
    assert fetched == ["Full", "Incr", "Incr"]
    fetched.clear()
    with open_source(folder, SourceOptions(revision=last + 1)) as source:
        assert source.get(KEY) == Record(KEY, b"1", last + 1, last + 1, 1)
    assert fetched == ["Full", "Incr"]


@pytest.mark.large
def test_a_folder_above(folder: str, s3: S3) -> None:
    """A folder above is looked through, too; of two etcds' none is guessed."""
    above = folder.removesuffix("etcd-main/v2/")
    with open_source(above) as source:
        assert source.get(KEY) is not None
    s3.put("shoot--x/etcd-events/v2/" + name_of("Full", 0, 1, 1))
    with pytest.raises(UsageError, match=re.escape("backups of 2 etcds")):
        open_source(above)
