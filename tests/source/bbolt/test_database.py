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
from kstore.source.bbolt.writer import BucketAppender, DatabaseCopy, LeafItem, branch_page, leaf_page


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


# ---- what is appended, and what is found of it


@pytest.mark.parametrize("size", [*range(505, 520), *range(1018, 1030)])
def test_a_leaf_is_as_long_as_it_must_be(size: int) -> None:
    """Whole pages, and none too many, also where it fills them exactly; its header says how many."""
    value = b"v" * (size - PAGE_HEADER.size - 16 - 3)
    page = leaf_page(7, [(0, b"key", value)], 512)
    assert len(page) == -(-size // 512) * 512
    assert PAGE_HEADER.unpack_from(page) == (7, LEAF, 1, len(page) // 512 - 1)


@pytest.mark.parametrize("freelist", [NO_FREELIST, 3])
def test_both_meta_pages_name_what_was_appended(tmp_path: Path, freelist: int) -> None:
    """One transaction apart, without a freelist: whichever of them is read, the elements are there."""
    path = empty(tmp_path / "db")
    whole = path.read_bytes()
    metas = b"".join(meta_page(Meta(4096, 2, freelist, 4, number)) for number in (4, 3))
    path.write_bytes(metas + whole[8192:])
    append(path, numbered(10))
    data = path.read_bytes()
    for broken, transaction in ((None, 5), (0, 5), (4096, 4)):
        changed = bytearray(data)
        if broken is not None:
            changed[broken + 40] ^= 1
        path.write_bytes(changed)
        file = PageFile.open(path)
        meta = read_meta(file)
        file.close()
        assert (meta.transaction, meta.freelist, meta.high_water) == (transaction, NO_FREELIST, len(data) // 4096)
        assert items(path) == numbered(10)


@pytest.mark.parametrize("name", [b"a", b"b", b"c"])
def test_a_bucket_behind_a_branch(tmp_path: Path, name: bytes) -> None:
    """The root bucket has a branch: the bucket's own leaf is written anew, and the others stay."""
    path = tmp_path / "db"
    buckets: list[list[LeafItem]] = [
        [(BUCKET_ELEMENT, one, BUCKET_HEADER.pack(6 + at, 5))] for at, one in enumerate((b"a", b"b", b"c"))
    ]
    pages = [meta_page(Meta(512, 2, NO_FREELIST, 9, number)) for number in (4, 3)]
    pages.append(branch_page(2, [(b"a", 3), (b"b", 4), (b"c", 5)], 512))
    pages += [leaf_page(3 + at, bucket, 512) for at, bucket in enumerate(buckets)]
    pages += [leaf_page(6 + at, [], 512) for at in range(3)]
    path.write_bytes(b"".join(pages))
    file = PageFile.open(path)
    database = Database(file)
    bucket = database.bucket(name)
    assert bucket
    with (tmp_path / "new").open("w+b", buffering=0) as target:
        copy = DatabaseCopy(database, target.fileno())
        appender = BucketAppender(copy, bucket)
        appender.append(b"key", b"value")
        copy.set_bucket_root(name, appender.finish(), bucket.sequence)
    file.close()
    file = PageFile.open(tmp_path / "new")
    found = {one: (list(each.items()), each.sequence) for one, each in Database(file).buckets()}
    assert found == {one: ([(b"key", b"value")] if one == name else [], 5) for one in (b"a", b"b", b"c")}
    file.close()


@pytest.mark.parametrize("size", [1, 250, 1000])
def test_pages_are_filled(tmp_path: Path, size: int) -> None:
    """As far as bbolt fills them where keys are only appended: no page is begun as long as there is room in one."""
    path = empty(tmp_path / "db")
    append(path, [(b"%08d" % number, b"v" * size) for number in range(2000)])
    file = PageFile.open(path)
    bucket = Database(file).bucket(b"b")
    assert bucket
    leaves = [len(leaf.elements) for leaf in bucket.leaves()]
    assert set(leaves[:-1]) == {(int(4096 * 0.9) - PAGE_HEADER.size) // (16 + 8 + size)}
    file.close()


def depths(database: Database, number: int) -> set[int]:
    """How deep the leaves below a page lie."""
    bucket = database.bucket(b"b")
    assert bucket
    node = bucket.node(number)
    return {1 + deep for _, child in node for deep in depths(database, child)} if isinstance(node, list) else {0}


@pytest.mark.parametrize("count", [0, 1, 5, 30, 300])
def test_all_leaves_are_equally_deep(tmp_path: Path, count: int) -> None:
    """Also where the last branch had one child only, whose place is taken by what is written anew."""
    path = tmp_path / "db"
    root: list[LeafItem] = [(BUCKET_ELEMENT, b"b", BUCKET_HEADER.pack(3, 0))]
    leaves = [(b"0a", 6), (b"0b", 7), (b"0c", 8)]
    pages = [
        *(meta_page(Meta(512, 2, NO_FREELIST, 9, number)) for number in (4, 3)),
        leaf_page(2, root, 512),
        branch_page(3, [(b"0a", 4), (b"0c", 5)], 512),
        branch_page(4, leaves[:2], 512),
        branch_page(5, leaves[2:], 512),
        *(leaf_page(number, [(0, key, b"v" * 300)], 512) for key, number in leaves),
    ]
    path.write_bytes(b"".join(pages))
    more = [(b"1%07d" % number, b"v" * 300) for number in range(count)]
    append(path, more)
    assert items(path) == [*((key, b"v" * 300) for key, _ in leaves), *more]
    file = PageFile.open(path)
    database = Database(file)
    bucket = database.bucket(b"b")
    assert bucket
    assert len(depths(database, bucket.root)) == 1
    file.close()


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("key_size", [100, 250, 600])
def test_bytes_are_found_in_deep_trees(tmp_path: Path, guarded: bool, key_size: int) -> None:
    """However many branches lead to them, and however long these are."""
    path = empty(tmp_path / "db", 512)
    keys = [(b"%04d" % number).ljust(key_size, b"k") for number in range(120)]
    append(path, [(key, b"value of " + key[:4]) for key in keys])
    file = PageFile.open(path)
    database = Database(file, guarded=guarded)
    bucket = database.bucket(b"b")
    assert bucket
    assert key_size == 100 or max(depths(database, bucket.root)) > 3
    for key in keys:
        found = [each.key for leaf in bucket.leaves(containing=b"value of " + key[:4]) for each in leaf.elements]
        assert key in found
    file.close()


def test_the_pages_in_use(tmp_path: Path) -> None:
    """All that the trees and the freelist take, with what further pages belong to a page; free ones are left out."""
    path = tmp_path / "db"
    root: list[LeafItem] = [(BUCKET_ELEMENT, b"b", BUCKET_HEADER.pack(3, 0))]
    long = leaf_page(4, [(0, b"a", b"v" * 1200)], 512)
    tail = [leaf_page(7, [(0, b"b", b"v")], 512), bytes(512), PAGE_HEADER.pack(9, 0x10, 0, 1).ljust(1024, b"\0")]
    for freelist, count in ((NO_FREELIST, 8), (9, 10)):
        metas = [meta_page(Meta(512, 2, freelist, 11, number)) for number in (4, 3)]
        tree = [leaf_page(2, root, 512), branch_page(3, [(b"a", 4), (b"b", 7)], 512), long, *tail]
        path.write_bytes(b"".join([*metas, *tree]))
        file = PageFile.open(path)
        database = Database(file)
        assert [key for key, _ in items(path)] == [b"a", b"b"]
        assert database.pages_in_use() == count
        file.close()


def test_a_bucket_within_a_bucket(tmp_path: Path) -> None:
    """It is no element: neither listed nor found as one, and read as a bucket."""
    path = tmp_path / "db"
    inside = BUCKET_HEADER.pack(0, 0) + leaf_page(0, [(0, b"deep", b"x")], 64)
    elements: list[LeafItem] = [(0, b"a", b"1"), (BUCKET_ELEMENT, b"n", inside), (0, b"z", b"2")]
    root: list[LeafItem] = [(BUCKET_ELEMENT, b"b", BUCKET_HEADER.pack(3, 0))]
    metas = [meta_page(Meta(512, 2, NO_FREELIST, 4, number)) for number in (4, 3)]
    path.write_bytes(b"".join([*metas, leaf_page(2, root, 512), leaf_page(3, elements, 512)]))
    assert items(path) == [(b"a", b"1"), (b"z", b"2")]
    file = PageFile.open(path)
    bucket = Database(file).bucket(b"b")
    assert bucket
    assert bucket.get(b"n") is None
    assert [(name, list(child.items())) for name, child in bucket.children()] == [(b"n", [(b"deep", b"x")])]
    file.close()


def test_a_file_that_is_written_to(tmp_path: Path) -> None:
    """The transaction that it is at now is told, beside the one that is read."""
    path = empty(tmp_path / "db")
    file = PageFile.open(path)
    database = Database(file)
    assert database.transaction() == database.meta.transaction == 4
    with path.open("r+b") as other:
        other.seek(4096)
        other.write(meta_page(Meta(4096, 2, NO_FREELIST, 4, 5)))
    assert (database.transaction(), database.meta.transaction) == (5, 4)
    file.close()


@pytest.mark.parametrize(
    ("meta", "good"),
    [
        (Meta(512, 2, NO_FREELIST, 4, 6), True),
        (Meta(512, 3, NO_FREELIST, 4, 6), True),
        (Meta(512, 4, NO_FREELIST, 4, 6), False),
        (Meta(512, 1, NO_FREELIST, 4, 6), False),
        (Meta(500, 2, NO_FREELIST, 4, 6), False),
        (Meta(512, 2, NO_FREELIST, 1 << 48, 6), False),
    ],
)
def test_a_meta_page_that_cannot_be(tmp_path: Path, meta: Meta, good: bool) -> None:
    """The right checksum does not help it: the other one counts."""
    path = empty(tmp_path / "db", 512)
    whole = path.read_bytes()
    path.write_bytes(meta_page(meta)[:512].ljust(512, b"\0") + whole[512:])
    file = PageFile.open(path)
    assert read_meta(file).transaction == (6 if good else 3)
    file.close()


def test_a_meta_page_of_another_version(tmp_path: Path) -> None:
    """Its layout is not known, whatever its checksum says."""
    path = empty(tmp_path / "db", 512)
    whole = path.read_bytes()
    body = bytearray(whole[PAGE_HEADER.size : PAGE_HEADER.size + 56])
    body[4] = 3
    path.write_bytes(whole[: PAGE_HEADER.size] + bytes(body) + checksum(bytes(body)).to_bytes(8, "little") + whole[80:])
    file = PageFile.open(path)
    assert read_meta(file).transaction == 3
    file.close()


@pytest.mark.parametrize("transaction", [6, 7])
def test_the_place_of_a_meta_page(transaction: int) -> None:
    """It calls itself page 0 or 1, as its transaction is even or odd."""
    page = meta_page(Meta(512, 2, NO_FREELIST, 4, transaction))
    assert PAGE_HEADER.unpack_from(page) == (transaction % 2, 4, 0, 0)
