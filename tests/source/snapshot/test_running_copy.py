"""
The database of a running etcd, copied while its pages are taken for others: what is copied is of one transaction.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kstore.errors import DamagedStore
from kstore.source.bbolt.database import Database
from kstore.source.bbolt.format import NO_FREELIST, Meta, meta_page, read_meta
from kstore.source.bbolt.page_file import PageFile
from kstore.source.bbolt.writer import branch_page, leaf_page
from kstore.source.mvcc.key_value import revision_key
from kstore.source.snapshot import running_copy
from kstore.source.snapshot.running_copy import copy_running

from .by_hand import KEY_PAGE, PAGE, database, root_page

FIRST = 4
"""The newest transaction of a database by hand."""


class Running(PageFile):
    """A file that an etcd writes to, once: after the key's page was read for the second time, to be copied."""

    pages: bytes
    newest: Meta
    _reads = 0

    def read(self, offset: int, size: int) -> bytes:
        found = super().read(offset, size)
        self._reads += offset == KEY_PAGE * PAGE
        if self._reads == 2:
            self._reads += 1
            with Path(self.name).open("r+b") as file:
                file.seek(2 * PAGE)
                file.write(self.pages)
                file.seek(self.newest.transaction % 2 * PAGE)
                file.write(meta_page(self.newest))
        return found


@pytest.mark.parametrize("later", [1, 2, 3, 40])
def test_pages_that_were_taken_for_others(later: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A page that a transaction has left is free two transactions later, and may then hold anything: only of the very
    next one, which writes to other pages, is what was copied before still true.
    """
    monkeypatch.setattr(running_copy, "_BATCH", 1)
    path = database(tmp_path / "db", {b"consistent_index": 1}, {revision_key(2, 0): b"old"})
    new = database(tmp_path / "new", {b"consistent_index": 1 + (later > 1)}, {revision_key(2, 0): b"new"}).read_bytes()
    file = Running.open(path)
    assert isinstance(file, Running)
    file.pages = new[2 * PAGE :]
    file.newest = Meta(PAGE, 2, NO_FREELIST, KEY_PAGE + 1, FIRST + later)
    copy = copy_running(file)
    assert copy.read(2 * PAGE, 2 * PAGE) == new[2 * PAGE :]
    assert {copy.read(at * PAGE, PAGE) for at in (0, 1)} == {
        meta_page(Meta(PAGE, 2, NO_FREELIST, KEY_PAGE + 1, FIRST + later - older)) for older in (0, 1)
    }
    copy.close()
    file.close()


# ---- a tree of two leaves below a branch


def leaf(number: int, revision: int, value: bytes) -> bytes:
    """A leaf of one entry."""
    return leaf_page(number, [(0, revision_key(revision, 0), value)], PAGE)


def tree(first: bytes, second: bytes, *, root: int, branch: int) -> bytes:
    """The page that names the buckets, then the branch of the bucket `key`, whose leaves are these."""
    children = [(revision_key(at, 0), int.from_bytes(one[:8], "little")) for at, one in ((2, first), (3, second))]
    named = root_page(root, {b"consistent_index": 1})
    at = named.index(KEY_PAGE.to_bytes(8, "little") + bytes(8))
    named = named[:at] + branch.to_bytes(8, "little") + named[at + 8 :]
    return named + branch_page(branch, children, PAGE)


def entries(file: PageFile) -> list[bytes]:
    """The values of the bucket `key`."""
    bucket = Database(file).bucket(b"key")
    assert bucket
    return [value for _, value in bucket.items()]


class Written(PageFile):
    """A file that an etcd writes to when certain pages are read for the first time: pages by their place."""

    changes: dict[int, dict[int, bytes]]

    def read(self, offset: int, size: int) -> bytes:
        found = super().read(offset, size)
        with Path(self.name).open("r+b") as file:
            for at, data in self.changes.pop(offset // PAGE, {}).items():
                file.seek(at * PAGE)
                file.write(data)
        return found


def meta(root: int, transaction: int, high_water: int = 9, freelist: int = NO_FREELIST) -> bytes:
    """A meta page."""
    return meta_page(Meta(PAGE, root, freelist, high_water, transaction))


@pytest.mark.parametrize("batch", [1, 1 << 20])
@pytest.mark.parametrize("size", [10, 3 * PAGE])
def test_all_that_is_reached_is_copied(batch: int, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Branches, leaves and the pages that go with them; not the freelist, which is not kept up."""
    monkeypatch.setattr(running_copy, "_BATCH", batch)
    first, second = leaf(4, 2, b"a" * size), leaf(4 + -(-(size + 99) // PAGE), 3, b"b" * size)
    high = 4 + (len(first) + len(second)) // PAGE
    pages = [meta(2, 4, high, 8), meta(2, 3, high, 8), tree(first, second, root=2, branch=3), first, second]
    (tmp_path / "db").write_bytes(b"".join(pages))
    file = PageFile.open(tmp_path / "db")
    copy = copy_running(file)
    assert entries(copy) == [b"a" * size, b"b" * size]
    for at in (0, 1):
        copied = meta(2, 4 - at, high)
        assert copy.read(at * PAGE, PAGE) == copied
    assert read_meta(copy) == Meta(PAGE, 2, NO_FREELIST, high, 4)
    copy.close()
    file.close()


def test_a_page_that_was_left_and_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Copied in one transaction, free in the next, and taken for something else by the third: it is copied anew, though
    the copy has seen each transaction.
    """
    monkeypatch.setattr(running_copy, "_BATCH", 1)
    old, other, moved, new = leaf(4, 2, b"old"), leaf(5, 3, b"other"), leaf(8, 2, b"moved"), leaf(4, 2, b"new")
    path = tmp_path / "db"
    path.write_bytes(
        b"".join([meta(2, 4), meta(2, 3), tree(old, other, root=2, branch=3), old, other, bytes(3 * PAGE)])
    )
    second, third = tree(moved, other, root=6, branch=7), tree(new, other, root=2, branch=3)
    file = Written.open(path)
    assert isinstance(file, Written)
    file.changes = {
        5: {6: second[:PAGE], 7: second[PAGE:], 8: moved, 1: meta(6, 5)},
        8: {2: third[:PAGE], 3: third[PAGE:], 4: new, 0: meta(2, 6)},
    }
    copy = copy_running(file)
    assert not file.changes
    assert entries(copy) == [b"new", b"other"]
    copy.close()
    file.close()


def test_a_file_that_grows(tmp_path: Path) -> None:
    """What the next transaction adds behind the end is read, too."""
    old, other, moved = leaf(4, 2, b"old"), leaf(5, 3, b"other"), leaf(8, 2, b"moved")
    path = tmp_path / "db"
    path.write_bytes(b"".join([meta(2, 4, 6), meta(2, 3, 6), tree(old, other, root=2, branch=3), old, other]))
    second = tree(moved, other, root=6, branch=7)
    file = Written.open(path)
    assert isinstance(file, Written)
    file.changes = {5: {6: second[:PAGE], 7: second[PAGE:], 8: moved, 1: meta(6, 5)}}
    copy = copy_running(file)
    assert entries(copy) == [b"moved", b"other"]
    copy.close()
    file.close()


def test_a_running_database_that_is_damaged(tmp_path: Path) -> None:
    """Nobody has written to it meanwhile: it is damaged, and does not change too fast."""
    old, other = leaf(4, 2, b"old"), leaf(7, 3, b"other")
    pages = [meta(2, 4, 6), meta(2, 3, 6), tree(old, leaf(5, 3, b""), root=2, branch=3), old, other]
    (tmp_path / "db").write_bytes(b"".join(pages))
    file = PageFile.open(tmp_path / "db")
    with pytest.raises(DamagedStore, match="page 5 calls itself 7"):
        copy_running(file)
    file.close()
