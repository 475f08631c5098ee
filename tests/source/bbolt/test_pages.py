"""
A tree of three levels made by hand: the keys of a branch lie between those that its own branch names.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kstore.errors import DamagedStore
from kstore.source.bbolt.database import Database
from kstore.source.bbolt.format import BUCKET_ELEMENT, BUCKET_HEADER, NO_FREELIST, Meta, meta_page
from kstore.source.bbolt.page_file import PageFile
from kstore.source.bbolt.writer import branch_page, leaf_page

PAGE = 512
LEFT, RIGHT = 4, 5
"""The two branches below the root, of the keys from `b` to `m`, and from `m` on."""


def tree(path: Path, left: tuple[bytes, bytes], right: tuple[bytes, bytes]) -> Path:
    """Four leaves of one element each, which has the key by which its branch names the leaf."""
    pages = [
        *(meta_page(Meta(PAGE, 2, NO_FREELIST, 10, number)) for number in (4, 3)),
        leaf_page(2, [(BUCKET_ELEMENT, b"bucket", BUCKET_HEADER.pack(3, 0))], PAGE),
        branch_page(3, [(b"b", LEFT), (b"m", RIGHT)], PAGE),
        branch_page(LEFT, [(left[0], 6), (left[1], 7)], PAGE),
        branch_page(RIGHT, [(right[0], 8), (right[1], 9)], PAGE),
        *(leaf_page(6 + at, [(0, key, b"value")], PAGE) for at, key in enumerate((*left, *right))),
    ]
    path.write_bytes(b"".join(pages))
    return path


def keys(path: Path, *, salvage: bool = False) -> tuple[list[bytes], list[str]]:
    """The keys that are found, and which are named as lost."""
    file = PageFile.open(path)
    try:
        database = Database(file, salvage=salvage)
        bucket = database.bucket(b"bucket")
        assert bucket
        return [key for key, _ in bucket.items()], [one.lost for one in database.damage]
    finally:
        file.close()


def test_keys_in_order(tmp_path: Path) -> None:
    """A branch may begin with the very key that names it."""
    path = tree(tmp_path / "db", (b"b", b"l"), (b"m", b"z"))
    assert keys(path) == ([b"b", b"l", b"m", b"z"], [])


@pytest.mark.parametrize(
    ("left", "right", "page", "child"),
    [
        ((b"b", b"m"), (b"m", b"z"), LEFT, 1),
        ((b"b", b"n"), (b"m", b"z"), LEFT, 1),
        ((b"b", b"b"), (b"m", b"z"), LEFT, 1),
        ((b"c", b"b"), (b"m", b"z"), LEFT, 1),
        ((b"a", b"c"), (b"m", b"z"), LEFT, 0),
        ((b"b", b"c"), (b"l", b"z"), RIGHT, 0),
        ((b"b", b"c"), (b"", b"z"), RIGHT, 0),
    ],
)
def test_a_key_out_of_order(
    tmp_path: Path, left: tuple[bytes, bytes], right: tuple[bytes, bytes], page: int, child: int
) -> None:
    """The branch is named, by its place and by what is lost with it; the other one is read."""
    path = tree(tmp_path / "db", left, right)
    with pytest.raises(DamagedStore, match=f"page {page}: child {child} of a branch has no key") as caught:
        keys(path)
    assert caught.value.offset == page * PAGE
    kept, lost = (right, "from 62 up to 6d") if page == LEFT else (left, "from 6d to the end")
    assert keys(path, salvage=True) == (list(kept), [f"keys of bucket 'bucket' {lost}"])


@pytest.mark.parametrize(("last", "fits"), [(b"k", True), (b"l", False), (b"m", False)])
def test_a_leaf_reaches_into_the_next(tmp_path: Path, last: bytes, fits: bool) -> None:
    """The last key of a leaf is less than the one that the next leaf is named by."""
    path = tree(tmp_path / "db", (b"b", b"l"), (b"m", b"z"))
    data = bytearray(path.read_bytes())
    data[6 * PAGE : 7 * PAGE] = leaf_page(6, [(0, b"b", b"value"), (0, last, b"value")], PAGE)
    path.write_bytes(data)
    if fits:
        assert keys(path) == ([b"b", b"k", b"l", b"m", b"z"], [])
        return
    with pytest.raises(DamagedStore, match="not between those that its branch names"):
        keys(path)


@pytest.mark.parametrize(("high_water", "whole"), [(11, True), (10, False)])
def test_a_page_that_runs_over_those_in_use(tmp_path: Path, high_water: int, whole: bool) -> None:
    """A page of several is within those that the database calls its own, though the file has more."""
    path = tree(tmp_path / "db", (b"b", b"l"), (b"m", b"z"))
    data = bytearray(path.read_bytes())
    for number, transaction in enumerate((4, 3)):
        meta = meta_page(Meta(PAGE, 2, NO_FREELIST, high_water, transaction))
        data[number * PAGE : (number + 1) * PAGE] = meta
    data[9 * PAGE :] = leaf_page(9, [(0, b"z", bytes(PAGE))], PAGE)
    path.write_bytes(data + bytes(PAGE))
    if whole:
        assert keys(path)[0] == [b"b", b"l", b"m", b"z"]
        return
    with pytest.raises(DamagedStore, match="said to have 1 more"):
        keys(path)


# ---- one page of a good tree written over

LEFT_KEYS, RIGHT_KEYS = (b"b", b"l"), (b"m", b"z")


def leaf(number: int, *keys: bytes, value: bytes = b"value", flags: int = 0) -> bytes:
    """A leaf with these keys."""
    return leaf_page(number, [(flags, key, value) for key in keys], PAGE)


def with_number(page: bytes, number: int) -> bytes:
    """A page that calls itself another."""
    return number.to_bytes(8, "little") + page[8:]


def with_count(page: bytes, count: int) -> bytes:
    """A page that says that it has so many elements."""
    return page[:10] + count.to_bytes(2, "little") + page[12:]


def with_overflow(page: bytes, overflow: int) -> bytes:
    """A page that says that so many more belong to it."""
    return page[:12] + overflow.to_bytes(4, "little") + page[16:]


def with_word(page: bytes, at: int, more: int) -> bytes:
    """A page in which a number of four bytes is larger."""
    return page[:at] + (int.from_bytes(page[at : at + 4], "little") + more).to_bytes(4, "little") + page[at + 4 :]


BRANCH_LEFT = branch_page(LEFT, [(b"b", 6), (b"l", 7)], PAGE)
SPOILED = {
    "another number": (7, with_number(leaf(7, b"l"), 6), "page 7: the page calls itself 6", "6c up to 6d"),
    "another kind": (7, bytes([7, *bytes(7), 4]) + leaf(7, b"l")[9:], "calls itself 7 with flags 0x4", "6c up to 6d"),
    "a page behind": (LEFT, branch_page(LEFT, [(b"b", 6), (b"l", 10)], PAGE), "page 10 is none", "6c up to 6d"),
    "a meta page": (LEFT, branch_page(LEFT, [(b"b", 6), (b"l", 1)], PAGE), "page 1 is none", "6c up to 6d"),
    "too long": (9, with_overflow(leaf(9, b"z"), 1), "said to have 1 more", "7a to the end"),
    "no children": (LEFT, with_count(BRANCH_LEFT, 0), "a branch without children", "62 up to 6d"),
    "too many children": (LEFT, with_count(BRANCH_LEFT, 32), "32 children do not fit", "62 up to 6d"),
    "a child's key that is too long": (LEFT, with_word(BRANCH_LEFT, 36, 500), "child 1 of a branch", "62 up to 6d"),
    "a child's key out of place": (LEFT, with_word(BRANCH_LEFT, 32, 1), "child 1 of a branch", "62 up to 6d"),
    "a key before the branch's": (7, leaf(7, b"k"), "not between those that its branch names", "6c up to 6d"),
    "a key as the next branch's": (7, leaf(7, b"l", b"m"), "not between those that its branch names", "6c up to 6d"),
    "a key behind the next branch's": (7, leaf(7, b"l", b"n"), "not between those", "6c up to 6d"),
    "a key as the next leaf's": (6, leaf(6, b"b", b"l"), "not between those that its branch names", "62 up to 6c"),
    "no elements": (7, leaf(7), "a leaf without elements", "6c up to 6d"),
}  # fmt: skip


def spoiled(path: Path, page: int, data: bytes) -> Path:
    """The good tree with another page, and a good leaf behind its last page."""
    tree(path, LEFT_KEYS, RIGHT_KEYS)
    whole = path.read_bytes() + leaf(10, b"l")
    path.write_bytes(whole[: page * PAGE] + data + whole[(page + 1) * PAGE :])
    return path


@pytest.mark.parametrize("name", SPOILED)
def test_a_page_that_is_not_as_it_must_be(tmp_path: Path, name: str) -> None:
    """It is named, with what is lost; salvage reads all the rest, and nothing of it."""
    page, data, message, lost = SPOILED[name]
    path = spoiled(tmp_path / "db", page, data)
    with pytest.raises(DamagedStore, match=message):
        keys(path)
    found, named = keys(path, salvage=True)
    low, _, high = lost.partition(" up to ") if "up to" in lost else (lost.partition(" ")[0], "", "ff")
    whole = [b"b", b"l", b"m", b"z"]
    assert found == [key for key in whole if not bytes.fromhex(low) <= key < bytes.fromhex(high)]
    assert named == [f"keys of bucket 'bucket' from {lost}"]


ONE_KEY = leaf(7, b"l", b"la")
ELEMENTS = {
    "the same key twice": (leaf(7, b"l", b"l"), [b"l"]),
    "keys in another order": (leaf(7, b"lb", b"la"), [b"lb"]),
    "unknown flags": (leaf(7, b"l", b"la", flags=2), []),
    "a gap": (with_word(ONE_KEY, 16 + 16 + 4, 1), [b"l"]),
    "an overlap": (with_word(ONE_KEY, 16 + 16 + 4, -1), [b"l"]),
    "a value beyond the page": (with_word(ONE_KEY, 16 + 16 + 12, 500), [b"l"]),
    "a key beyond the page": (with_word(ONE_KEY, 16 + 16 + 8, 500), [b"l"]),
    "too many": (with_count(ONE_KEY, 32), []),
}
"""A leaf that is wrong, and the keys of it that can be read."""


@pytest.mark.parametrize("name", ELEMENTS)
def test_elements_that_are_not_as_they_must_be(tmp_path: Path, name: str) -> None:
    """Those before the first bad one are read, and none behind it."""
    page, good = ELEMENTS[name]
    path = spoiled(tmp_path / "db", 7, page)
    with pytest.raises(DamagedStore, match=r"out of place, out of order or of unknown flags|do not fit in a leaf"):
        keys(path)
    found, named = keys(path, salvage=True)
    assert found == [b"b", *good, b"m", b"z"]
    assert named


@pytest.mark.parametrize("content", [b"", b"x"])
def test_a_root_without_elements(tmp_path: Path, content: bytes) -> None:
    """Only the root may be empty, and then nothing is behind its header."""
    path = tree(tmp_path / "db", LEFT_KEYS, RIGHT_KEYS)
    whole = path.read_bytes()
    root = leaf(3)[:100] + content.ljust(1, b"\0") + leaf(3)[101:]
    path.write_bytes(whole[: 3 * PAGE] + root + whole[4 * PAGE :])
    if not content:
        assert keys(path) == ([], [])
        return
    with pytest.raises(DamagedStore, match="a leaf without elements"):
        keys(path)
    assert keys(path, salvage=True) == ([], ["keys of bucket 'bucket' from the beginning to the end"])


def test_a_page_whose_rest_is_cut_off(tmp_path: Path) -> None:
    """The file ends in the middle of a leaf of two pages: salvage names it, and reads the others."""
    path = tree(tmp_path / "db", LEFT_KEYS, RIGHT_KEYS)
    whole = bytearray(path.read_bytes())
    for number in (0, 1):
        whole[number * PAGE : (number + 1) * PAGE] = meta_page(Meta(PAGE, 2, NO_FREELIST, 11, 4 - number))
    long = leaf_page(9, [(0, b"z", b"v" * 600)], PAGE)
    assert len(long) == 2 * PAGE
    whole[9 * PAGE :] = long
    path.write_bytes(whole)
    assert keys(path) == ([b"b", b"l", b"m", b"z"], [])
    path.write_bytes(whole[: -PAGE // 2])
    with pytest.raises(DamagedStore, match="the database has"):
        keys(path)
    found, named = keys(path, salvage=True)
    assert found == [b"b", b"l", b"m"]
    assert "keys of bucket 'bucket' from 7a to the end" in named


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("at", [0, 300, 700, 1100])
def test_bytes_in_any_page_of_a_leaf(tmp_path: Path, guarded: bool, at: int) -> None:
    """A leaf of several pages has them all, wherever in it what is looked for lies."""
    path = tree(tmp_path / "db", LEFT_KEYS, RIGHT_KEYS)
    whole = path.read_bytes()
    long = leaf_page(9, [(0, b"z", b"v" * at + b"sought" + b"w" * (1200 - at))], PAGE)
    metas = b"".join(meta_page(Meta(PAGE, 2, NO_FREELIST, 9 + len(long) // PAGE, number)) for number in (4, 3))
    path.write_bytes(metas + whole[2 * PAGE : 9 * PAGE] + long)
    file = PageFile.open(path)
    database = Database(file, guarded=guarded)
    bucket = database.bucket(b"bucket")
    assert bucket
    found = [each.key for leaf in bucket.leaves(containing=b"sought") for each in leaf.elements]
    assert found == [b"z"]
    file.close()


def test_bytes_that_only_a_checksum_lets_one_look_for(tmp_path: Path) -> None:
    """Without one each page is looked at, so that damage elsewhere is told though it is not in the way."""
    path = spoiled(tmp_path / "db", 6, with_number(leaf(6, b"b"), 7))
    for guarded in (False, True):
        file = PageFile.open(path)
        bucket = Database(file, guarded=guarded).bucket(b"bucket")
        assert bucket
        if guarded:
            assert [each.key for leaf in bucket.leaves(containing=b"z") for each in leaf.elements] == [b"z"]
        else:
            with pytest.raises(DamagedStore):
                list(bucket.leaves(containing=b"z"))
        file.close()


@pytest.mark.parametrize("more", [1, 2])
def test_a_gap_between_keys_in_order(tmp_path: Path, more: int) -> None:
    """A key that is read a little further on may still be behind the one before: its place tells that it is none."""
    good = leaf(9, b"z", b"zzz", value=b"zzzzzz")
    gap = with_word(with_word(good, 16 + 16 + 4, more), 16 + 16 + 12, -more)
    path = spoiled(tmp_path / "db", 9, gap)
    with pytest.raises(DamagedStore, match="element 1 of a leaf is out of place"):
        keys(path)
    assert keys(spoiled(tmp_path / "db", 9, good)) == ([b"b", b"l", b"m", b"z", b"zzz"], [])


def test_a_leaf_that_two_children_name(tmp_path: Path) -> None:
    """Its keys are not those that the second one names: they come once."""
    path = spoiled(tmp_path / "db", RIGHT, branch_page(RIGHT, [(b"m", 8), (b"z", 8)], PAGE))
    with pytest.raises(DamagedStore, match="not between those that its branch names"):
        keys(path)
    assert keys(path, salvage=True)[0] == [b"b", b"l", b"m"]
