"""
The keys of a file with more than one revision.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kstore.inspect.changes import Changes
from kstore.library.opening import Opening
from kstore.records import Delete, Put
from kstore.repair.restore import last_before_deletion
from kstore.sorted_keys import SortedKeys
from kstore.source.changed_again import changed_again
from kstore.source.location.address import open_source
from kstore.source.location.demo import open_demo
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import write_database


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The demo store with some keys changed, some deleted and one created."""
    path = tmp_path / "changed.db"
    with open_demo() as demo:
        assert isinstance(demo, SnapshotSource)
        first, second, third, *_ = demo.scan(b"/registry/configmaps/")
        puts = [Put(one.key, one.value.replace(b"e", b"a"), one.mod_revision) for one in (first, second)]
        write_database(demo, [*puts, Delete(third.key, third.mod_revision), Put(b"/registry/new", b"x", 0)], path)
    return path


@pytest.mark.parametrize("at_once", [3, 1 << 16])
def test_keys_with_more_than_one_revision(changed: Path, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deletions count; however many keys are sorted in memory."""
    monkeypatch.setattr(SortedKeys.__init__, "__defaults__", (at_once,))
    with open_source(str(changed)) as source:
        times = Counter(one.record.key for one in source.history_scan())
        found = changed_again(source)
    assert found == {key for key, count in times.items() if count > 1}
    assert len(found) >= 3


def test_no_more_needs_to_be_remembered(changed: Path) -> None:
    """The steps of a history, and what was deleted, are the same as with every record remembered."""
    opening = Opening(str(changed))
    source = opening.source
    remembered = changed_again(source)
    every, few = Changes(opening.store), Changes(opening.store, remembered=remembered)
    for one in source.history_scan():
        assert few.step(one).as_document() == every.step(one).as_document()
    assert list(last_before_deletion(source.history_scan(), remembered)) == list(
        last_before_deletion(source.history_scan())
    )
    opening.close()
