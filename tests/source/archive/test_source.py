"""Stores as people keep them: each wrapping is opened to the same records as the store in it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.source.etcd_releases import EtcdRelease
from tools.cluster import Etcd

from kstore.errors import DamagedStore, NotADatabase, SourceError, UsageError
from kstore.records import Put, Record
from kstore.source.archive import spool
from kstore.source.archive.source import ArchivedSource, open_stream
from kstore.source.etcd.live import LiveSource
from kstore.source.interface import Source
from kstore.source.location.address import open_source
from kstore.source.location.demo import unpacked
from kstore.source.options import SourceOptions


@pytest.fixture(scope="module")
def demo() -> Path:
    """The demo store, a snapshot with its checksum."""
    return unpacked()


@pytest.fixture(scope="module")
def records(demo: Path) -> list[Record]:
    """What is in it."""
    with open_source(str(demo)) as source:
        return list(source.scan())


def zstd(data: bytes) -> bytes:
    """Compressed in two frames, as `cat a.zst b.zst` has it."""
    half = len(data) // 2
    if sys.version_info >= (3, 14):
        from compression import zstd as library

        return library.compress(data[:half]) + library.compress(data[half:])
    import zstandard

    return b"".join(zstandard.ZstdCompressor().compress(part) for part in (data[:half], data[half:]))


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd,
}


def tar(files: dict[str, bytes]) -> bytes:
    """A tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def opened(data: bytes, *, member: str = "", salvage: bool = False) -> Source:
    """Open what comes through a pipe."""
    return open_stream(io.BytesIO(data), "backup", member=member, salvage=salvage)


@pytest.mark.parametrize("form", COMPRESSIONS)
def test_compressed(form: str, demo: Path, records: list[Record], tmp_path: Path) -> None:
    """A compressed snapshot, by any name; what it is unpacked into is gone when it is closed."""
    path = tmp_path / "etcd-backup"
    path.write_bytes(COMPRESSIONS[form](demo.read_bytes()))
    with open_source(str(path)) as source:
        assert list(source.scan()) == records
        assert source.status().location == str(path)
        assert isinstance(source, ArchivedSource)
        unpacked_at = source.database_path
        assert unpacked_at.exists()
        assert unpacked_at.stat().st_mode & 0o077 == 0 or unpacked_at.parent.stat().st_mode & 0o077 == 0
    assert not unpacked_at.exists()


@pytest.mark.parametrize("wrap", [lambda data: data, gzip.compress, lambda data: zstd(bz2.compress(data))])
@pytest.mark.parametrize(
    "pack",
    [
        lambda data: tar({"./notes.txt": b"x" * 700, "backup/db.snapshot": data}),
        lambda data: zipped({"etcd-snapshot-node-1": data, "readme": b"a"}),
        lambda data: tar({"etcd.backup.gz": gzip.compress(data)}),
    ],
    ids=["tar", "zip", "tar of gz"],
)
def test_archives(
    wrap: Callable[[bytes], bytes], pack: Callable[[bytes], bytes], demo: Path, records: list[Record]
) -> None:
    """A tar or zip with one snapshot among other files, itself compressed or not."""
    with opened(wrap(pack(demo.read_bytes()))) as source:
        assert list(source.scan()) == records


def test_the_checksum_is_computed_on_the_way(demo: Path, hashed: list[int]) -> None:
    """A snapshot that was unpacked is not hashed a second time; one with another checksum is refused."""
    with opened(gzip.compress(demo.read_bytes())) as source:
        list(source.scan())
    assert hashed == []
    content = bytearray(demo.read_bytes())
    content[-1] ^= 1
    with opened(gzip.compress(bytes(content))) as source, pytest.raises(DamagedStore, match=r"backup: .*SHA-256"):
        list(source.scan())


def test_several_stores(demo: Path, records: list[Record]) -> None:
    """Of several stores one must be named."""
    data = demo.read_bytes()
    archive = tar({"monday.db": data, "tuesday.db": data})
    with pytest.raises(UsageError, match=r"monday\.db, tuesday\.db") as caught:
        opened(archive)
    assert "backup!tuesday.db" in caught.value.hint
    with opened(archive, member="monday.db") as source:
        assert list(source.scan()) == records


def test_a_member_by_its_address(demo: Path, records: list[Record], tmp_path: Path) -> None:
    """`ARCHIVE!MEMBER` is an address."""
    path = tmp_path / "all.tar.gz"
    path.write_bytes(gzip.compress(tar({"a/1.db": demo.read_bytes(), "a/2.db": b"\0" * 16 + demo.read_bytes()[16:]})))
    with open_source(f"{path}!a/1.db") as source:
        assert list(source.scan()) == records


@pytest.mark.parametrize("name", ["../../evil.db", "/etc/evil.db", "a/../../evil.db"])
def test_names_that_lead_out(name: str, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member is never written outside of the temporary folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    for archive in (tar({name: demo.read_bytes()}), zipped({name: demo.read_bytes()})):
        try:
            opened(archive).close()
        except NotADatabase:
            continue
    assert list(tmp_path.iterdir()) == []
    assert not Path("/etc/evil.db").exists()


def test_a_file_without_a_name(demo: Path, records: list[Record]) -> None:
    """Names in a zip end at a zero byte, so that nothing may be left of one: it is no store that could be named."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        nameless = zipfile.ZipInfo("a")
        nameless.filename = "\0a"
        archive.writestr(nameless, b"x")
        archive.writestr("db.snapshot", demo.read_bytes())
    with opened(buffer.getvalue()) as source:
        assert list(source.scan()) == records


@pytest.mark.parametrize("form", COMPRESSIONS)
def test_what_breaks_off(form: str, demo: Path, records: list[Record]) -> None:
    """A stream that is cut short is an error that says so; salvaged, what came before is read and the rest named."""
    whole = COMPRESSIONS[form](demo.read_bytes())
    cut = whole[: len(whole) * 3 // 4]
    with pytest.raises((DamagedStore, SourceError)), opened(cut) as source:
        list(source.scan())
    if form == "bz2":  # its first block is not whole: there is nothing that came before
        with pytest.raises(DamagedStore, match="ends early at byte"):
            opened(cut, salvage=True)
        return
    with opened(cut, salvage=True) as source:
        assert isinstance(source, ArchivedSource)
        assert 0 < len(list(source.scan())) <= len(records)
        assert source.damage


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"hello" * 500), tar({"a.txt": b"a" * 900}), zipped({"a": b"b"}), b""],
    ids=["gzip", "tar", "zip", "empty"],
)
def test_no_store_in_it(content: bytes) -> None:
    """What holds no store is refused, not shown as an empty one."""
    with pytest.raises(SourceError):
        opened(content)


def test_bounds(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb ends at the bound, or where the disk has no room left."""
    bomb = gzip.compress(demo.read_bytes()[:8192] + bytes(64 << 20))
    monkeypatch.setattr(spool.Spool.__init__, "__kwdefaults__", {"salvage": False, "largest": 1 << 20})
    with pytest.raises(SourceError, match="unpacked it has more"):
        opened(bomb)
    monkeypatch.undo()
    monkeypatch.setattr(spool, "LEFT_FREE", 1 << 60)
    with pytest.raises(SourceError, match="no room") as caught:
        opened(bomb)
    assert "TMPDIR" in caught.value.hint


@pytest.mark.large
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the process's own peak")
def test_memory(demo: Path, tmp_path: Path) -> None:
    """Memory does not grow with what is unpacked: 200 MB of it take less than 120 MB in all."""
    path = tmp_path / "big.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(demo.read_bytes()[:-32])
        for _ in range(200):
            file.write(bytes(1 << 20))
    code = f"""
from kstore.source.archive.source import ArchivedSource
from kstore.source.location.address import open_source
with open_source({str(path)!r}) as source:
    assert sum(1 for _ in source.keys()) > 200
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(ran.stdout) << 10 < 120 << 20


@pytest.mark.large
def test_standard_input(demo: Path, records: list[Record]) -> None:
    """`-` is standard input, compressed or not; a pipe by its name as well."""
    for data in (demo.read_bytes(), gzip.compress(demo.read_bytes())):
        for address in ("-", "/dev/stdin"):
            command = [sys.executable, "-m", "kstore", "--store", address, "ls", "/", "-o", "keys"]
            ran = subprocess.run(command, input=data, capture_output=True, check=True)
            assert ran.stdout.splitlines() == [record.key for record in records]


@pytest.mark.large
@pytest.mark.etcd
def test_a_data_directory(
    newest_release: EtcdRelease,
    serve: Callable[..., Etcd],
    connect: Callable[..., LiveSource],
    tmp_path: Path,
) -> None:
    """A real member's directory in a tar, with the changes of its log; a snapshot of it in a folder above."""
    server = serve(newest_release, backend_batch_interval="1h", backend_batch_limit="100000")
    with connect(server.endpoint) as live:
        live.commit([Put(b"/registry/configmaps/default/a", b"{}", 0)])
        wanted = list(live.scan())
        newest_release.save(server.endpoint, tmp_path / "snapshot_2026-11-28_201400.db")
        os.kill(server.process.pid, 9)
        server.process.wait()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(server.data, "var/lib/etcd")
    with open_stream(io.BytesIO(buffer.getvalue()), "backup", wal=True) as source:
        assert list(source.scan()) == wanted
    with open_source(str(tmp_path)) as source:
        assert list(source.scan()) == wanted
        assert "snapshot_2026-11-28_201400.db" in source.notes[0]
    with open_source(str(server.data.parent), SourceOptions(wal=True)) as source:
        assert list(source.scan()) == wanted
