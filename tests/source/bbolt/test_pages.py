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
