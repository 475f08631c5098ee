"""
Several threads write one journal: a sync speaks for all lines that are in the file when it begins, and for no other.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.patience import SECONDS, until

from kstore.errors import JournalError
from kstore.migrate.journal_writer import JournalWriter


@pytest.fixture
def changes(planner: Any, shop: Any) -> list[Any]:
    return [step for step in planner.plan(shop.scan()) if hasattr(step, "value")]


class Syncs:
    """Counts the syncs; during the first one another thread notes a batch of its own."""

    def __init__(self, path: Path, note: Callable[[], int], pool: ThreadPoolExecutor) -> None:
        self.count = 0
        self.fails = False
        self.other: Future[int] | None = None
        self._path, self._note, self._pool = path, note, pool
        self._real = os.fdatasync

    def __call__(self, descriptor: int) -> None:
        self.count += 1
        if self.count == 1:
            before = self._path.stat().st_size
            self.other = self._pool.submit(self._note)
            until(lambda: self._path.stat().st_size > before)
            if self.fails:  # and with it goes what the other thread has written; the system tells this one alone
                raise OSError(errno.EIO, "Input/output error")
        self._real(descriptor)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[JournalWriter]:
    found = JournalWriter(tmp_path / "journal", {"request": {}})
    yield found
    found.close()


@pytest.fixture
def syncs(writer: JournalWriter, changes: list[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Syncs]:
    with ThreadPoolExecutor(1) as pool:
        found = Syncs(writer.path, lambda: writer.begin(changes[1:2]), pool)
        monkeypatch.setattr(os, "fdatasync", found)
        yield found


def test_a_failed_sync_is_known_to_all(writer: JournalWriter, changes: list[Any], syncs: Syncs) -> None:
    """The thread whose line was dropped by another one's sync does not write its batch."""
    syncs.fails = True
    with pytest.raises(JournalError, match="Input/output error"):
        writer.begin(changes[:1])
    assert syncs.other is not None
    with pytest.raises(JournalError, match="Input/output error"):
        syncs.other.result(SECONDS)


def test_a_line_behind_the_beginning_of_a_sync(writer: JournalWriter, changes: list[Any], syncs: Syncs) -> None:
    """It may not be on the disk, and is synced by itself."""
    writer.begin(changes[:1])
    assert syncs.other is not None
    syncs.other.result(SECONDS)
    assert syncs.count == 2


def test_one_sync_for_all_that_is_there(
    writer: JournalWriter, changes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads that wait while one syncs need one more sync, whatever their number."""
    count, real, waiting = [0], os.fdatasync, 5
    threads: list[threading.Thread] = []

    def sync(descriptor: int) -> None:
        count[0] += 1
        if count[0] == 1:
            lines = writer.path.read_bytes().count(b"\n")
            for _ in range(waiting):
                threads.append(threading.Thread(target=writer.begin, args=(changes[1:2],)))
                threads[-1].start()
            until(lambda: writer.path.read_bytes().count(b"\n") == lines + waiting)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync)
    writer.begin(changes[:1])
    for thread in threads:
        thread.join(SECONDS)
    assert count[0] == 2
