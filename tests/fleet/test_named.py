"""
Which stores are named: files, patterns, objects and folders of buckets, each once, with what they are known by.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.source.remote.buckets import S3

from kstore.errors import BucketNotFound, UsageError
from kstore.fleet.named import NamedStore, fingerprint, named_stores, shown_names
from kstore.fleet.run import LocalPool, run
from kstore.fleet.tasks import Task, as_reading, source_options
from kstore.source.options import SourceOptions

PLAIN = SourceOptions()


def test_files(night: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns in order, each file once and with its whole path; what is no file is taken as it is."""
    monkeypatch.chdir(night)
    found = named_stores(["b.db", "*.db", "https://127.0.0.1:2379", "none.db"], PLAIN)
    assert [one.address for one in found] == [
        str(night / "b.db"), str(night / "a.db"), str(night / "torn.db"), "https://127.0.0.1:2379", "none.db",
    ]  # fmt: skip
    assert [bool(one.mark) for one in found] == [True, True, True, False, False]
    with pytest.raises(UsageError, match="no file matches"):
        named_stores(["*.nothing"], PLAIN)


def test_a_file_may_have_a_name_like_a_pattern(night: Path, tmp_path: Path) -> None:
    """Then it is the file that is meant."""
    odd = tmp_path / "night[1].db"
    shutil.copy(night / "a.db", odd)
    assert [one.address for one in named_stores([str(odd)], PLAIN)] == [str(odd)]


@pytest.mark.parametrize("place", [0, 65_535, 134_464, 199_999])
def test_what_a_file_is_known_by(tmp_path: Path, place: int) -> None:
    """Its ends, where a snapshot has its meta pages and its checksum: of two as large and as old the other is seen."""
    marks = []
    for byte in (b"a", b"b"):
        content = bytearray(200_000)
        content[place : place + 1] = byte
        (tmp_path / "x.db").write_bytes(content)
        os.utime(tmp_path / "x.db", (1_700_000_000, 1_700_000_000))
        marks.append(fingerprint(str(tmp_path / "x.db")))
    assert marks[0] != marks[1]


def test_a_file_that_was_written_to_in_its_middle(tmp_path: Path) -> None:
    """Its ends are as they were; when it was written tells."""
    path, marks = tmp_path / "x.db", []
    path.write_bytes(bytes(200_000))
    for second, at in ((1_700_000_000, 0), (1_700_000_001, 100_000), (1_700_000_001, 100_001)):
        with path.open("r+b") as file:
            file.seek(at)
            file.write(b"\1" if at else b"\0")
        os.utime(path, (second, second))
        marks.append(fingerprint(str(path)))
    assert marks[0] != marks[1] == marks[2]


def test_stores_that_would_be_called_alike() -> None:
    """What permits to read them is not shown; those that nothing else tells apart are numbered."""
    place = "https://backups.example.com/night.db"
    addresses = [f"{place}?signature={number}" for number in range(3)]
    stores = [NamedStore(one) for one in [addresses[0], "/n/a.db", *addresses[1:]]]
    assert shown_names(stores) == {
        addresses[0]: place, "/n/a.db": "/n/a.db", addresses[1]: f"{place} (2)", addresses[2]: f"{place} (3)",
    }  # fmt: skip


def test_running_stores_have_no_fingerprint(tmp_path: Path) -> None:
    """Endpoints, directories and what is not there are asked every time."""
    assert fingerprint("https://127.0.0.1:2379") == fingerprint(str(tmp_path)) == fingerprint("demo") == ""


def test_buckets(s3: S3) -> None:
    """Patterns and folders are listed; an object's mark changes with its content alone."""
    for name in ("a", "b"):
        s3.put(f"{name}/latest.db.gz", name.encode())
    s3.put("a/old.db.gz", b"old")
    base = f"s3://{s3.name}"
    found = named_stores([f"{base}/*/latest.db.gz"], PLAIN)
    assert [one.address for one in found] == [f"{base}/a/latest.db.gz", f"{base}/b/latest.db.gz"]
    assert named_stores([f"{base}/a/latest.db.gz"], PLAIN) == found[:1]
    assert len(named_stores([f"{base}/a/", f"{base}/a/old.db.gz"], PLAIN)) == 2
    s3.put("a/latest.db.gz", b"other")
    assert named_stores([f"{base}/a/latest.db.gz"], PLAIN) != found[:1]
    assert named_stores([f"{base}/c/latest.db.gz"], PLAIN) == [NamedStore(f"{base}/c/latest.db.gz")]
    with pytest.raises(UsageError, match="no file matches"):
        named_stores([f"{base}/*/none"], PLAIN)
    with pytest.raises(BucketNotFound):
        named_stores(["s3://kstore-has-no-such-bucket/*"], PLAIN)


@pytest.mark.large
def test_objects_of_a_bucket_are_known_the_next_time(s3: S3, night: Path) -> None:
    """One that is there, one that is torn; one that is not is asked again."""
    addresses = [s3.put(name, (night / name).read_bytes()) for name in ("a.db", "torn.db")]
    named = named_stores([*addresses, f"s3://{s3.name}/none.db"], PLAIN)
    tasks = [Task("analyze", one.address, mark=one.mark) for one in named]
    first = {one["address"]: one["status"] for one in run(tasks, LocalPool(2))}
    assert first == {addresses[0]: "done", addresses[1]: "failed", f"s3://{s3.name}/none.db": "failed"}
    assert {one["address"]: one["known"] for one in run(tasks, LocalPool(2))} == {
        addresses[0]: True, addresses[1]: True, f"s3://{s3.name}/none.db": False,
    }  # fmt: skip


def test_options_go_where_the_store_is_read(tmp_path: Path) -> None:
    """All that a person said, files with their whole paths; what only looks on stays here."""
    said = SourceOptions(
        cacert=tmp_path / "ca.pem", user="u", password="p", dial_timeout=2.0, http_headers=("A: b",), salvage=True,
        unpacking=print,
    )  # fmt: skip
    reading = as_reading(said)
    assert set(reading) == {"cacert", "user", "password", "dial_timeout", "http_headers", "salvage"}
    assert source_options({**reading, "release": "1.30", "http_headers": ["A: b"]}) == SourceOptions(
        cacert=tmp_path / "ca.pem", user="u", password="p", dial_timeout=2.0, http_headers=("A: b",), salvage=True
    )
