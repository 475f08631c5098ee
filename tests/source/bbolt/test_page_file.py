"""Files read in runs of pages: exactly what was asked for, or an error that says what was there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.errors import DamagedStore
from kstore.source.bbolt.page_file import Digest, PageFile

CONTENT = (bytes(number * 7 % 251 for number in range(251)) * 12_000)[:3_000_000]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of three million bytes."""
    path = tmp_path_factory.mktemp("page_file") / "file"
    path.write_bytes(CONTENT)
    return path


@given(st.lists(st.tuples(st.integers(0, len(CONTENT)), st.integers(0, 100_000)), max_size=20))
def test_reads_and_views_agree(path: Path, places: list[tuple[int, int]]) -> None:
    """Whatever the order, views and reads give the file's bytes, and nothing beyond its end."""
    file = PageFile.open(path)
    for offset, size in places:
        if offset + size > len(CONTENT):
            with pytest.raises(DamagedStore):
                file.read(offset, size)
            with pytest.raises(DamagedStore):
                file.view(offset, size)
        else:
            assert file.read(offset, size) == CONTENT[offset : offset + size]
            buffer, start = file.view(offset, size)
            assert buffer[start : start + size] == CONTENT[offset : offset + size]
    file.close()
    file.close()


def test_views_forward_read_once(path: Path) -> None:
    """Going forward page by page, few reads serve; their window stays bounded."""
    file = PageFile.open(path)
    buffers = {id(file.view(offset, 4096)[0]): len(file.view(offset, 4096)[0]) for offset in range(0, 2_900_000, 4096)}
    assert max(buffers.values()) <= 1 << 20
    file.close()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
def test_places_across_chunks(tmp_path: Path, size: int) -> None:
    """Bytes are found wherever they begin: also where a chunk of the search ends within them."""
    sought = bytes(range(1, size + 1))
    for back in range(size + 1):
        places = [0, (1 << 18) - back, (2 << 18) - back, (3 << 18) - size]
        content = bytearray(3 << 18)
        for place in places:
            content[place : place + size] = sought
        (tmp_path / "file").write_bytes(content)
        file = PageFile.open(tmp_path / "file")
        assert list(file.places(sought)) == places
        file.close()


def test_a_file_cut_while_open(tmp_path: Path) -> None:
    """A file that is cut short under the reader is an error, not a crash."""
    path = tmp_path / "file"
    path.write_bytes(CONTENT[:10_000])
    file = PageFile.open(path)
    with path.open("r+b") as other:
        other.truncate(5_000)
    with pytest.raises(DamagedStore, match="cut short while open"):
        file.read(4_000, 2_000)
    assert Digest(file.descriptor, 10_000).result() == b""
    file.close()


def test_the_digest(path: Path) -> None:
    """The SHA-256 of a file's first bytes, computed beside; it can be given up."""
    file = PageFile.open(path)
    assert Digest(file.descriptor, 2_000_000).result() == hashlib.sha256(CONTENT[:2_000_000]).digest()
    Digest(file.descriptor, 2_000_000).cancel()
    file.close()


@pytest.mark.parametrize("beyond", [1, 32])
def test_what_does_not_count(path: Path, beyond: int) -> None:
    """Bytes behind those that count, such as a checksum, are neither read nor found."""
    with path.open("rb") as opened:
        file = PageFile(os.dup(opened.fileno()), len(CONTENT) - beyond, "name")
    for read in (file.read, file.view):
        with pytest.raises(DamagedStore, match="bytes are expected here"):
            read(len(CONTENT) - beyond - 5, 6)
    assert file.read(len(CONTENT) - beyond - 5, 5) == CONTENT[-beyond - 5 : -beyond]
    assert CONTENT[-beyond:] not in [CONTENT[at : at + beyond] for at in file.places(CONTENT[-beyond - 8 :])]
    file.close()


@pytest.mark.parametrize("sought", [b"ab", b"aba"])
def test_places_side_by_side(tmp_path: Path, sought: bytes) -> None:
    """One begins where another has ended, or within it: each is told."""
    (tmp_path / "file").write_bytes(b"abababab" + b"x" * 9 + b"aba")
    file = PageFile.open(tmp_path / "file")
    content = (tmp_path / "file").read_bytes()
    assert list(file.places(sought)) == [at for at in range(len(content)) if content.startswith(sought, at)]
    file.close()
