"""Leaves of revisions that are found page by page, of a file that may end anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.source.snapshot.by_hand import PAGE, database

from kstore.records import Record
from kstore.source.bbolt.database import Database
from kstore.source.bbolt.page_file import PageFile
from kstore.source.bbolt.writer import leaf_page
from kstore.source.mvcc.key_value import encode_key_value, revision_key
from kstore.source.mvcc.page_scan import read_leaf, scan


@pytest.mark.parametrize(("pages", "whole"), [(1, False), (2, True), (3, True)])
def test_a_page_that_the_file_cuts_off(tmp_path: Path, pages: int, whole: bool) -> None:
    """A page with more pages after it is one as long as all of them are there; else it is passed over."""
    large = encode_key_value(Record(b"a", b"v" * PAGE, 2, 5, 2))
    page = leaf_page(4, [(0, revision_key(5, 0), large)], PAGE).ljust(3 * PAGE, b"\0")[: pages * PAGE]
    small = encode_key_value(Record(b"a", b"v", 2, 2, 1))
    file = PageFile.open(database(tmp_path / "db", {}, {revision_key(2, 0): small}, page))
    found = Database(file)
    assert [one.number for one in scan(found)] == [3, 4][: 1 + whole]
    assert (read_leaf(found, 4) is not None) is whole
    file.close()
