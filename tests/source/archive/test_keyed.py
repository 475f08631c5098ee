"""Archives of vcluster's: a file a key, or a database among its notes."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from kstore.errors import DamagedStore, FutureRevision
from kstore.records import Record
from kstore.source.archive.keyed import KeyedSource
from kstore.source.archive.source import open_stream
from kstore.source.interface import Source
from kstore.source.location.address import open_source
from kstore.source.location.demo import unpacked

NOTES = {
    b"/vcluster/snapshot/release": b'{"releaseName":"my-vcluster"}',
    b"/vcluster/snapshot/request/v1beta1": b"{}",
}
"""What `writeSnapshot` writes first."""


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """The demo store's keys."""
    with open_source(str(unpacked())) as source:
        return list(source.scan(b"/registry/"))


def saved(values: dict[bytes, bytes]) -> bytes:
    """
    As `writeKeyValue` does it with Go's archive/tar: PAX where a name needs it, gzip around.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for key, value in values.items():
            entry = tarfile.TarInfo(key.decode("utf-8", "surrogateescape"))
            entry.size, entry.mode = len(value), 0o666
            archive.addfile(entry, io.BytesIO(value))
    return buffer.getvalue()


def opened(content: bytes, *, salvage: bool = False) -> Source:
    """Open what is in a file."""
    return open_stream(io.BytesIO(content), "snapshot.tar.gz", salvage=salvage)


def test_key_by_key(records: list[Record], tmp_path: Path) -> None:
    """Every key and value, none of the notes; the names of keys may be long, and of any alphabet."""
    long = b"/registry/configmaps/default/" + b"x" * 250
    more = {long: b"1", "/registry/configmaps/default/grün".encode(): b"", b"/vcluster/mappings/a": b"m"}
    values = {**NOTES, **{one.key: one.value for one in records}, **more}
    path = tmp_path / "vcluster.tar.gz"
    path.write_bytes(gzip.compress(saved(values)))
    expected = sorted((key, value) for key, value in values.items() if key not in NOTES)
    with open_source(str(path)) as source:
        assert isinstance(source, KeyedSource)
        found = list(source.scan())
        assert [(one.key, one.value) for one in found] == expected
        assert {(one.create_revision, one.mod_revision, one.version) for one in found} == {(1, 1, 1)}
        assert list(source.keys()) == [key for key, _ in expected]
        assert source.get(long) == Record(long, b"1", 1, 1, 1)
        assert source.get(b"/registry/none") is None
        assert list(source.scan(b"/registry/pods/")) == [
            Record(one.key, one.value, 1, 1, 1) for one in records if one.key.startswith(b"/registry/pods/")
        ]
        assert source.status().kind == "vcluster"
        assert "without revisions" in source.notes[0]
        with pytest.raises(FutureRevision):
            list(source.scan(revision=2))
    assert not list(tmp_path.glob("kstore-*"))


def test_a_database_inside(records: list[Record]) -> None:
    """The newer form has etcd's database, without the checksum that `etcdctl` adds, under a key of vcluster's."""
    database = unpacked().read_bytes()[:-32]
    content = saved({**NOTES, b"/vcluster/snapshot/db": database})
    with opened(gzip.compress(content)) as source:
        assert list(source.scan(b"/registry/")) == records
        assert source.status().kind == "database"


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_one_that_breaks_off(wrap: object, records: list[Record]) -> None:
    """Wherever an archive ends, it is whole, refused, or salvaged with the damage named: never silently short."""
    content = wrap(saved({one.key: one.value for one in records}))  # type: ignore[operator]
    for part in (0.2, 0.5, 0.9):
        cut = content[: int(len(content) * part) // 512 * 512]
        with pytest.raises(DamagedStore):
            opened(cut)
        with opened(cut, salvage=True) as source:
            found = [(one.key, one.value) for one in source.scan()]
            assert found == [(one.key, one.value) for one in records][: len(found)]
            assert 0 < len(found) < len(records)
            assert source.damage  # type: ignore[attr-defined]


def test_half_a_value_is_none() -> None:
    """Wherever it is cut, what is salvaged are whole values: of the one that is cut nothing."""
    values = {b"/registry/x/%d" % size: bytes([size % 251]) * size for size in (100, 3000, 700, 40_000, 512)}
    content = saved(values)
    for place in range(1024, len(content.rstrip(b"\0")), 512):
        with opened(content[:place], salvage=True) as source:
            found = {one.key: one.value for one in source.scan()}
            assert found.items() <= values.items(), place
            assert list(found) == sorted(list(values)[: len(found)])


def test_a_key_twice() -> None:
    """No etcd has that."""
    double = saved({b"/registry/pods/a/b": b"1"})[:1024] + saved({b"/registry/pods/a/b": b"2"})
    with pytest.raises(DamagedStore, match="twice"):
        opened(double)
