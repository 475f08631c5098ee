"""
Archives that are cut anywhere, or have a byte changed: read exactly, or refused by what they are; never read in part.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.source.archive.test_source import tar, zipped, zstd

from kstore.errors import DamagedStore, NotADatabase, UsageError
from kstore.records import Record
from kstore.source.archive.source import ArchivedSource, open_stream
from kstore.source.archive.zstd_frames import ZstdInput
from kstore.source.location.address import open_source
from kstore.source.location.demo import unpacked

Pack = Callable[[bytes], bytes]


def zstd_of_one_frame(data: bytes) -> bytes:
    """As the command `zstd` writes it, with a checksum."""
    if sys.version_info >= (3, 14):
        from compression import zstd as library

        return library.compress(data, options={library.CompressionParameter.checksum_flag: 1})
    import zstandard

    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def in_tar(data: bytes) -> bytes:
    """Beside others, before and after."""
    return tar({"./notes.txt": b"x" * 700, "backup/db.snapshot": data, "backup/log.txt": b"y" * 3000})


COMPRESSIONS: dict[str, Pack] = {
    "gz": gzip.compress,
    "zst": zstd_of_one_frame,
    "two.zst": zstd,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zlib": zlib.compress,
}
FORMS: dict[str, Pack] = {
    **COMPRESSIONS,
    "tar": in_tar,
    "zip": lambda data: zipped({"notes.txt": b"x" * 700, "backup/db.snapshot": data}),
    **{f"tar.{name}": lambda data, pack=pack: pack(in_tar(data)) for name, pack in COMPRESSIONS.items()},  # type: ignore[misc]
    "gz in tar": lambda data: tar({"etcd.backup.gz": gzip.compress(data), "notes.txt": b"x" * 700}),
    "tar in zst in gz": lambda data: gzip.compress(zstd_of_one_frame(in_tar(data))),
}
SMALLEST = 512
"""Bytes of an archive from which on it is known as one: a tar's first header."""


@cache
def demo() -> tuple[bytes, list[Record]]:
    """The demo store, a snapshot with its checksum, and what is in it."""
    with open_source(str(unpacked())) as source:
        return unpacked().read_bytes(), list(source.scan())


@cache
def packed(form: str) -> bytes:
    """The demo store in a form."""
    return FORMS[form](demo()[0])


def read(data: bytes, *, salvage: bool = False) -> list[Record]:
    """All that comes of a stream."""
    with open_stream(io.BytesIO(data), "backup", salvage=salvage) as source:
        return list(source.scan())


def assert_exact_or_refused(data: bytes) -> DamagedStore | None:
    """It is read as the store it was made of, or it is damaged."""
    try:
        found = read(data)
    except DamagedStore as error:
        return error
    assert found == demo()[1]
    return None


@pytest.mark.large
@given(form=st.sampled_from(sorted(FORMS)), place=st.floats(0, 1, exclude_max=True))
@example(form="tar", place=0.9999)
@example(form="gz in tar", place=0.9999)
def test_cut_anywhere(form: str, place: float) -> None:
    """It says where it ends, in bytes of the file that was given; unless only what no reader needs was cut."""
    whole = packed(form)
    cut = whole[: max(SMALLEST, int(len(whole) * place))]
    error = assert_exact_or_refused(cut)
    if error is None:
        assert form in ("tar", "gz in tar")  # whose end mark is longer than it need be
    elif form not in ("two.zst", "tar.two.zst"):  # of which half is a whole stream
        assert f"ends early at byte {len(cut)}" in str(error)
        assert error.offset == len(cut)


@given(form=st.sampled_from(sorted(FORMS)), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@example(form="tar", place=0.999, bit=0)
@example(form="tar.two.zst", place=0.03996629676528429, bit=4)
def test_a_bit_changed_anywhere(form: str, place: float, bit: int) -> None:
    """Where no checksum of the format's notices, that of the snapshot does."""
    data = bytearray(packed(form))
    at = 6 + int((len(data) - 6) * place)  # behind what it is known by
    data[at] ^= 1 << bit
    try:
        assert_exact_or_refused(bytes(data))
    except NotADatabase:
        assert form in ("two.zst", "tar.two.zst")  # without a checksum, a bit of what is compressed changes many bytes


@pytest.mark.parametrize("form", ["two.zst", "tar.two.zst", "gz", "tar", "zip", "tar.xz"])
def test_a_store_whose_first_page_is_damaged(form: str) -> None:
    """It is known by its second meta page, packed or not, and salvaged as bbolt would read it."""
    store = bytes(512) + demo()[0][512:]
    with pytest.raises(DamagedStore, match="SHA-256"):
        read(FORMS[form](store))
    assert read(FORMS[form](store), salvage=True) == demo()[1]


def test_a_tar_whose_mark_is_damaged() -> None:
    """Its header's checksum tells, rather than that it is no archive."""
    store = bytearray(in_tar(demo()[0]))
    store[261] ^= 1
    for pack in (bytes, gzip.compress, zstd):
        with pytest.raises(DamagedStore, match="bad checksum at byte 0 of the tar"):
            read(pack(bytes(store)))


@pytest.mark.large
@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("size", [2, 5, 40, 300])
def test_a_few_bytes(form: str, size: int, tmp_path: Path) -> None:
    """Less than a header is known by the file's name, or by how it begins."""
    name = {"gz in tar": "tar", "tar in zst in gz": "gz", "two.zst": "zst", "tar.two.zst": "tar.zst"}.get(form, form)
    path = tmp_path / f"etcd.{name}"
    path.write_bytes(packed(form)[:size])
    with pytest.raises(DamagedStore, match=f"ends early at byte {size}|does not begin as such"):
        open_source(str(path))


def test_small_stores(tmp_path: Path) -> None:
    """Of a few hundred bytes compressed, where not one whole block is left."""
    content = demo()[0][:4096] + bytes(28672)
    for form, pack in COMPRESSIONS.items():
        whole = pack(content)
        for size in range(6, len(whole), 7):
            with pytest.raises(DamagedStore):
                read(whole[:size])
            path = tmp_path / f"{form}-{size}" / "backup"
            path.parent.mkdir()
            path.write_bytes(whole[:size])
            with pytest.raises(DamagedStore):  # found in a folder it is the same
                open_source(str(path.parent))


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, zstd_of_one_frame], ids=["tar", "gz", "zst"])
def test_cut_between_two_files(pack: Pack) -> None:
    """Two stores in a tar that ends after the first are not one; salvaged, the first is read, and the rest is named."""
    whole = tar({"monday.db": demo()[0], "tuesday.db": demo()[0]})
    border = 512 + -(-len(demo()[0]) // 512) * 512
    with pytest.raises(UsageError, match="2 stores"):
        read(pack(whole))
    for cut in (border, border + 100, border + 511):
        with pytest.raises(DamagedStore, match=f"ends early at byte {cut}"):
            read(pack(whole[:cut]))
        with open_stream(io.BytesIO(pack(whole[:cut])), "backup", salvage=True) as source:
            assert list(source.scan()) == demo()[1]
            assert isinstance(source, ArchivedSource)
            assert [one.message for one in source.damage] == [f"the archive ends early at byte {cut}"]


def test_a_header_that_is_damaged() -> None:
    """`tarfile` takes it for the end: the stores behind it would be missing."""
    whole = bytearray(tar({"monday.db": demo()[0], "tuesday.db": demo()[0]}))
    border = 512 + -(-len(demo()[0]) // 512) * 512
    whole[border + 3] ^= 1
    with pytest.raises(DamagedStore, match=f"bad checksum at byte {border} of the tar"):
        read(bytes(whole))


def test_what_follows_an_archive() -> None:
    """Others' bytes behind a tar's end mark are no part of it; one block of zeroes ends it as two do."""
    for end in (bytes(512), bytes(1024) + b"more"):
        whole = in_tar(demo()[0]).rstrip(b"\0")
        whole += bytes(-len(whole) % 512) + end
        assert read(whole) == demo()[1]
    assert len(list(tarfile.open(fileobj=io.BytesIO(whole)))) == 3  # noqa: SIM115


def test_the_checksum_behind_a_tar() -> None:
    """A tar.gz is read to the end, where gzip's checksum is, however many blocks of zeroes fill the tar up."""
    for filled in (0, 1 << 21):
        whole = bytearray(gzip.compress(in_tar(demo()[0]) + bytes(filled)))
        assert read(bytes(whole)) == demo()[1]
        whole[-6] ^= 1
        with pytest.raises(DamagedStore, match="CRC"):
            read(bytes(whole))


def test_what_is_left_of_it() -> None:
    """Salvaging gives what there is: here nothing, and so the damage is said again."""
    with pytest.raises(DamagedStore, match=r"what is left of it: .* ends early at byte 1024"):
        read(packed("tar")[:1024], salvage=True)


def test_the_inner_archive_is_named() -> None:
    """Of a gzip that is torn in a tar which is whole."""
    torn = gzip.compress(demo()[0])[:9000]
    with pytest.raises(DamagedStore, match=r"backup \(etcd.backup.gz\): the archive ends early at byte 9000"):
        read(tar({"etcd.backup.gz": torn, "notes.txt": b"x"}))


@given(
    parts=st.lists(st.binary(max_size=300_000), min_size=1, max_size=3),
    level=st.integers(1, 19),
    checksum=st.booleans(),
    sized=st.booleans(),
    skipped=st.none() | st.binary(max_size=40),
    piece=st.integers(1, 9000),
)
def test_frames_of_zstd(
    parts: list[bytes], level: int, checksum: bool, sized: bool, skipped: bytes | None, piece: int
) -> None:
    """Followed in pieces of any size, a stream is within a frame everywhere but where one ends."""
    zstandard = pytest.importorskip("zstandard")
    stream, ends = b"", {0}
    for part in parts:
        if skipped is not None:
            stream += (0x184D2A50).to_bytes(4, "little") + len(skipped).to_bytes(4, "little") + skipped
            ends.add(len(stream))
        compressor = zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=sized)
        stream += compressor.compress(part)
        ends.add(len(stream))
    followed, at = ZstdInput(io.BytesIO(stream)), 0
    while data := followed.read(piece):
        at += len(data)
        assert followed.is_within_frame == (at not in ends)
    assert at in ends


def test_a_stream_of_pzstd() -> None:
    """It begins with a frame that says how long the next one is."""
    first = (0x184D2A50).to_bytes(4, "little") + (4).to_bytes(4, "little") + b"size"
    assert read(first + packed("zst")) == demo()[1]


@pytest.mark.large
def test_in_a_fleet(tmp_path: Path) -> None:
    """Each row says what is wrong with its store."""
    for name in ("whole.db.zst", "torn.db.zst", "short.db.gz", "cut.tar", "other.zip"):
        (tmp_path / name).write_bytes(packed(name.rpartition(".")[2])[: None if name == "whole.db.zst" else 20_000])
    command = [sys.executable, "-m", "kstore", "fleet", "check", *sorted(map(str, tmp_path.iterdir())), "-o", "json"]
    ran = subprocess.run(command, capture_output=True, check=False, text=True)
    rows = {Path(row["store"]).name: row for row in json.loads(ran.stdout)}
    assert rows.pop("whole.db.zst")["status"] == "done"
    assert set(rows) == {"torn.db.zst", "short.db.gz", "cut.tar", "other.zip"}
    for row in rows.values():
        assert row["error"].startswith("damaged-store: ")
        assert "ends early at byte 20000" in row["error"]
