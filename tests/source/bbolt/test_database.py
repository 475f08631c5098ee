"""bbolt's pages: files of any page size and shape are read, and each thing that can be wrong with one is told."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kstore.errors import DamagedStore, NotADatabase
from kstore.source.bbolt.database import Database
from kstore.source.bbolt.format import (
    BUCKET_ELEMENT,
    BUCKET_HEADER,
    LEAF,
    NO_FREELIST,
    PAGE_HEADER,
    Meta,
    checksum,
    meta_page,
    read_meta,
)
from kstore.source.bbolt.page_file import PageFile
from kstore.source.bbolt.writer import BucketAppender, DatabaseCopy, LeafItem, leaf_page


def empty(path: Path, page_size: int = 4096, *, inline: bool = False) -> Path:
    """A database with one bucket, `b`, without elements; the bucket's page inline or of its own."""
    inside = BUCKET_HEADER.pack(0, 0) + PAGE_HEADER.pack(0, LEAF, 0, 0)
    value = inside if inline else BUCKET_HEADER.pack(3, 0)
    root: list[LeafItem] = [(BUCKET_ELEMENT, b"b", value)]
    pages = [meta_page(Meta(page_size, 2, NO_FREELIST, 4, number)) for number in (4, 3)]
    path.write_bytes(b"".join([*pages, leaf_page(2, root, page_size), leaf_page(3, [], page_size)]))
    return path


def append(path: Path, items: list[tuple[bytes, bytes]]) -> None:
    """Append elements to the bucket, in place of the file."""
    copied = path.with_suffix(".new")
    file = PageFile.open(path)
    database = Database(file)
    bucket = database.bucket(b"b")
    assert bucket
    with copied.open("w+b", buffering=0) as target:
        copy = DatabaseCopy(database, target.fileno())
        appender = BucketAppender(copy, bucket)
        for key, value in items:
            appender.append(key, value)
        copy.set_bucket_root(b"b", appender.finish(), bucket.sequence)
    file.close()
    copied.replace(path)


def numbered(count: int, start: int = 0, size: int = 30) -> list[tuple[bytes, bytes]]:
    """Elements in order."""
    return [(b"%08d" % number, b"%d" % number * size) for number in range(start, start + count)]


def items(path: Path) -> list[tuple[bytes, bytes]]:
    """The bucket's elements."""
    file = PageFile.open(path)
    try:
        bucket = Database(file).bucket(b"b")
        assert bucket
        return list(bucket.items())
    finally:
        file.close()


@pytest.mark.parametrize("page_size", [512, 1024, 4096, 16384, 65536])
@pytest.mark.parametrize("inline", [False, True])
def test_page_sizes(tmp_path: Path, page_size: int, inline: bool) -> None:
    """A database of any page size, of one level or several, gives back what was put into it."""
    path = empty(tmp_path / "db", page_size, inline=inline)
    assert items(path) == []
    append(path, numbered(3))
    append(path, numbered(3000, 3))
    assert items(path) == numbered(3003)
    append(path, [(b"9", b"x" * 300_000)])
    assert items(path) == [*numbered(3003), (b"9", b"x" * 300_000)]


@settings(max_examples=40, deadline=None)
@given(
    rounds=st.lists(st.lists(st.integers(0, 3000) | st.integers(4000, 90000), max_size=60), max_size=6),
    page_size=st.sampled_from([512, 4096]),
    key_size=st.sampled_from([8, 100, 250, 600]),
)
@example(rounds=[[400] * 20], page_size=512, key_size=250)
def test_any_sizes_in_any_rounds(
    rounds: list[list[int]], page_size: int, key_size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """
    Elements of any size, appended in any number of rounds, come back; each branch has two children, also where their
    keys fill it.
    """
    path = empty(tmp_path_factory.mktemp("db") / "db", page_size)
    expected: list[tuple[bytes, bytes]] = []
    for sizes in rounds:
        new = [
            ((b"%08d" % (len(expected) + number)).ljust(key_size, b"k"), b"v" * size)
            for number, size in enumerate(sizes)
        ]
        append(path, new)
        expected += new
    assert items(path) == expected
    file = PageFile.open(path)
    bucket = Database(file).bucket(b"b")
    assert bucket
    branches = [bucket.node(number) for number in bucket.pages()]
    assert all(len(node) > 1 for node in branches if isinstance(node, list))
    file.close()


def test_a_part_of_the_keys(tmp_path: Path) -> None:
    """Single keys, ranges and the last leaf are found without reading the rest."""
    path = empty(tmp_path / "db")
    append(path, numbered(20_000))
    file = PageFile.open(path)
    database = Database(file)
    bucket = database.bucket(b"b")
    assert bucket
    for number in (0, 1, 777, 19_999):
        assert bucket.get(b"%08d" % number) == b"%d" % number * 30
    assert bucket.get(b"none") is None
    found = [each.key for leaf in bucket.leaves(start=b"00005000", stop=b"00005010") for each in leaf.elements]
    assert b"00005000" in found
    assert b"00005010" in found
    assert len(found) < 200
    for database.guarded in (False, True):
        for sought in (b"00000000", b"00007777", b"00019999"):
            found = [each.key for leaf in bucket.leaves(containing=sought) for each in leaf.elements]
            assert sought in found
            assert len(found) < 200
        assert not list(bucket.leaves(containing=b"none"))
    last = bucket.last_leaf()
    assert last
    assert last.elements[-1].key == b"00019999"
    assert database.bucket(b"none") is None
    assert database.pages_in_use() <= database.meta.high_water
    file.close()


def test_the_newer_meta_page(tmp_path: Path) -> None:
    """Of two meta pages the newer counts, if its checksum holds; with neither there is no reading."""
    path = empty(tmp_path / "db")
    data = path.read_bytes()
    for broken, transaction in ((None, 4), (0, 3), (4096, 4)):
        changed = bytearray(data)
        if broken is not None:
            changed[broken + 40] ^= 1
        path.write_bytes(changed)
        file = PageFile.open(path)
        assert read_meta(file).transaction == transaction
        file.close()
    changed = bytearray(data)
    changed[40] ^= 1
    changed[4096 + 40] ^= 1
    path.write_bytes(changed)
    with pytest.raises(DamagedStore, match="neither meta page"):
        read_meta(PageFile.open(path))
    path.write_bytes(bytes(8192) + data[8192:])
    with pytest.raises(NotADatabase):
        read_meta(PageFile.open(path))


def test_the_checksum() -> None:
    """FNV-1a of 64 bits, by its published vectors."""
    assert checksum(b"") == 0xCBF29CE484222325
    assert checksum(b"a") == 0xAF63DC4C8601EC8C
    assert checksum(b"foobar") == 0x85944171F73967E8


def first_leaf(data: bytearray) -> int:
    """Where a leaf in the middle of the bucket begins."""
    for page in range(4, len(data) // 4096):
        number, flags, count, _ = PAGE_HEADER.unpack_from(data, page * 4096)
        holds = data.find(b"00000100", page * 4096, page * 4096 + 4096) > 0
        if number == page and flags == LEAF and count > 10 and holds:
            return page * 4096
    raise AssertionError("no such leaf")


def root_of(data: bytearray) -> int:
    """Where the bucket's root branch begins."""
    for page in range(len(data) // 4096 - 1, 3, -1):
        number, flags, _, _ = PAGE_HEADER.unpack_from(data, page * 4096)
        if number == page and flags == 1:
            return page * 4096
    raise AssertionError("no branch")


def at_leaf(offset: int, value: bytes) -> Callable[[bytearray], None]:
    """Write over something in a leaf."""

    def change(data: bytearray) -> None:
        place = first_leaf(data) + offset
        data[place : place + len(value)] = value

    return change


def at_root(offset: int, value: bytes) -> Callable[[bytearray], None]:
    """Write over something in the bucket's root branch."""

    def change(data: bytearray) -> None:
        place = root_of(data) + offset
        data[place : place + len(value)] = value

    return change


def circle(data: bytearray) -> None:
    """The root's first child is the root."""
    root = root_of(data)
    struct.pack_into("<Q", data, root + 16 + 8, root // 4096)


DAMAGES = {
    "another number": at_leaf(0, b"\x09\x09"),
    "other flags": at_leaf(8, b"\x20"),
    "no elements": at_leaf(10, b"\0\0"),
    "too many elements": at_leaf(10, b"\xff\xff"),
    "too long an overflow": at_leaf(12, b"\xff\xff\xff\x7f"),
    "an element out of place": at_leaf(16 + 4, b"\xff\xff"),
    "a key too large": at_leaf(16 + 8, b"\xff\xff\xff\xff"),
    "a value too large": at_leaf(16 + 12, b"\xff\xff\xff\xff"),
    "unknown flags of an element": at_leaf(16, b"\x07"),
    "a page of zeroes": at_leaf(0, bytes(4096)),
    "a child that is no page": at_root(16 + 8, b"\xff\xff\xff\xff"),
    "children out of order": at_root(16 + 4, b"\x00\x00\x00\x00"),
    "a branch without children": at_root(10, b"\x00\x00"),
    "a circle": circle,
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_told(tmp_path: Path, name: str) -> None:
    """Each thing that is not as it must be is an error with its place; salvage goes round it and names what is lost."""
    path = empty(tmp_path / "db")
    append(path, numbered(2000))
    data = bytearray(path.read_bytes())
    DAMAGES[name](data)
    path.write_bytes(data)
    with pytest.raises(DamagedStore) as caught:
        items(path)
    assert caught.value.offset is not None
    assert f"byte {caught.value.offset}" in str(caught.value)
    file = PageFile.open(path)
    database = Database(file, salvage=True)
    bucket = database.bucket(b"b")
    assert bucket
    left = list(bucket.items())
    assert database.damage
    assert all(damage.message and damage.lost for damage in database.damage)
    assert set(left) < set(numbered(2000))
    if not name.startswith(("children", "a branch")):
        assert len(left) > 500
    file.close()
