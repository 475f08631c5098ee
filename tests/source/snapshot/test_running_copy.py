"""
The database of a running etcd, copied while its pages are taken for others: what is copied is of one transaction.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kstore.source.bbolt.format import NO_FREELIST, Meta, meta_page
from kstore.source.bbolt.page_file import PageFile
from kstore.source.mvcc.key_value import revision_key
from kstore.source.snapshot import running_copy
from kstore.source.snapshot.running_copy import copy_running

from .by_hand import KEY_PAGE, PAGE, database

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
