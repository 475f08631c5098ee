"""The file of a real kine, held against what that kine serves: after changes, deletions, leases and compactions."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.conftest import Kine
from tests.patience import SECONDS, until

from kstore.records import Delete, Put, Record
from kstore.source.etcd.live import LiveSource
from kstore.source.location.address import open_source
from kstore.source.sqlite.source import SqliteSource

pytestmark = pytest.mark.etcd


def copied(kine: Kine, folder: Path) -> Path:
    """The file and the log beside it, as of a moment in which nobody writes."""
    folder.mkdir()
    for suffix in ("", "-wal"):
        if (log := kine.state.with_name(kine.state.name + suffix)).exists():
            shutil.copy(log, folder)
    return folder / kine.state.name


def copied_at_rest(kine: Kine, folder: Path, retained: int) -> Path:
    """The file as of when kine has compacted all that it will: so many revisions are left, and nobody writes."""
    copies = (copied(kine, folder / f"copy-{number}") for number in count())

    def is_at_rest(path: Path) -> bool:
        with open_source(str(path)) as file:
            assert isinstance(file, SqliteSource)
            return file.compact_revision >= file.revision - retained - 5

    path = next(copies)
    give_up = time.monotonic() + SECONDS
    while not is_at_rest(path):
        assert time.monotonic() < give_up, "it is never compacted"
        time.sleep(0.1)
        path = next(copies)
    return path


def served(live: LiveSource, revision: int) -> list[Record]:
    """What kine serves, but for its own key, which it also gives."""
    return [one for one in live.scan(revision=revision) if one.key.startswith(b"/")]


def told(source: LiveSource | SqliteSource) -> Iterator[tuple[object, ...]]:
    """The history; of a deletion only what a tombstone has."""
    for one in source.history_scan(b"/"):
        record = one.record
        yield (
            record.key,
            record.mod_revision,
            one.deleted,
            *(() if one.deleted else (record.value, record.create_revision)),
        )


def assert_as_served(kine: Kine, path: Path, live: LiveSource) -> None:
    """Objects, keys, counts, history and every revision that is held."""
    with open_source(str(path)) as file:
        assert isinstance(file, SqliteSource)
        assert file.revision == live.revision()
        now = served(live, file.revision)
        assert list(file.scan()) == now
        assert list(file.keys()) == [one.key for one in now]
        assert file.count(b"/registry/configmaps/") == live.count(b"/registry/configmaps/")
        assert [file.get(one.key) for one in now] == now
        assert list(told(file)) == list(told(live))
        for revision in range(file.compact_revision, file.revision + 1):
            assert list(file.scan(revision=revision)) == served(live, revision), revision


@pytest.mark.parametrize("seed", range(3))
def test_as_served(start_kine: Callable[..., Kine], tmp_path: Path, seed: int) -> None:
    """Creations, changes, deletions and creations anew, before and after kine compacts; with the log beside."""
    kine, chance = start_kine(compact_interval="1s", compact_min_retain="40"), random.Random(seed)
    keys = [b"/registry/configmaps/d/%d" % number for number in range(12)] + ["/registry/pods/d/grün".encode()]
    with LiveSource([kine.endpoint]) as live:
        for change in range(120):
            found = live.get(key := chance.choice(keys))
            if found is not None and chance.random() < 0.3:
                assert live.commit([Delete(key, found.mod_revision)]).succeeded
            else:
                value = chance.randbytes(chance.choice((0, 5, 300, 9000)))
                assert live.commit([Put(key, value, found.mod_revision if found else 0)]).succeeded
            if change == 30:
                assert_as_served(kine, copied(kine, tmp_path / "early"), live)

        assert_as_served(kine, copied_at_rest(kine, tmp_path, 40), live)
        assert_as_served(kine, kine.state, live)  # where it runs


def test_leases(start_kine: Callable[..., Kine], tmp_path: Path) -> None:
    """A key that its lease has deleted is gone, and its deletion is in the history."""
    kine = start_kine()
    short, long = b"/registry/events/d/short", b"/registry/events/d/long"
    with LiveSource([kine.endpoint]) as live:
        for key, seconds in ((short, 2), (long, 3600)):
            lease = live.grant_lease(0, seconds)
            assert live.commit([Put(key, b"{}", 0, lease)]).succeeded
        until(lambda: live.get(short) is None)
        assert_as_served(kine, copied(kine, tmp_path / "copy"), live)
        with open_source(str(tmp_path / "copy" / "state.db")) as file:
            kept = file.get(long)
            assert kept is not None
            assert kept.lease == 3600
            assert [one.deleted for one in file.history(short)] == [False, True]
