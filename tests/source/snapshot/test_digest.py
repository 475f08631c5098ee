"""A snapshot that was found whole is not hashed again, until anything about its file has changed."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from kstore.errors import DamagedStore
from kstore.source.location.demo import unpacked
from kstore.source.snapshot import digest as snapshot_digest
from kstore.source.snapshot.digest import Memory
from kstore.source.snapshot.source import SnapshotSource

pytestmark = pytest.mark.skipif(os.name != "posix", reason="nothing is remembered where files have no ctime")

KEY = b"/registry/pods/default/webserver"


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A snapshot."""
    return Path(shutil.copy(unpacked(tmp_path / "demo"), tmp_path / "snapshot.db"))


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Memory:
    """A memory that takes a file of this very moment too."""
    monkeypatch.setattr(snapshot_digest, "_SETTLED", -1.0)
    return Memory(tmp_path / "memory")


def read(path: Path, memory: Memory | None) -> bytes:
    with SnapshotSource(path, memory=memory) as source:
        record = source.get(KEY)
        assert record is not None
        return record.value


def flip(path: Path, offset: int = -100) -> None:
    """Change one bit, and set the time of the last change back to what it was."""
    before = path.stat()
    time.sleep(0.02)  # the clock of files ticks
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_found_whole_once(snapshot: Path, memory: Memory, hashed: list[int]) -> None:
    values = {read(snapshot, memory) for _ in range(3)}
    assert len(values) == 1
    assert hashed == [snapshot.stat().st_size - 32]


def test_without_a_memory_it_is_hashed_every_time(snapshot: Path, memory: Memory, hashed: list[int]) -> None:
    read(snapshot, memory)
    read(snapshot, None)
    read(snapshot, None)
    assert len(hashed) == 3


def test_a_changed_file_is_another(snapshot: Path, memory: Memory) -> None:
    """Though its name, size, checksum and time of change are what they were."""
    read(snapshot, memory)
    flip(snapshot)
    with pytest.raises(DamagedStore, match="SHA-256"):
        read(snapshot, memory)


def test_a_file_that_changes_under_the_reader(snapshot: Path, memory: Memory) -> None:
    read(snapshot, memory)
    with SnapshotSource(snapshot, memory=memory) as source:
        flip(snapshot)
        with pytest.raises(DamagedStore, match="SHA-256"):
            source.get(KEY)


def test_a_damaged_file_is_not_remembered(snapshot: Path, memory: Memory, hashed: list[int]) -> None:
    flip(snapshot)
    for _ in range(2):
        with pytest.raises(DamagedStore):
            read(snapshot, memory)
        with SnapshotSource(snapshot, salvage=True, memory=memory) as source:
            assert source.get(KEY)
            assert source.damage
    assert len(hashed) == 4


def test_a_copy_is_another_file(snapshot: Path, memory: Memory, hashed: list[int], tmp_path: Path) -> None:
    read(snapshot, memory)
    read(Path(shutil.copy2(snapshot, tmp_path / "copy.db")), memory)
    assert len(hashed) == 2


def test_a_file_of_this_moment_is_not_believed(snapshot: Path, tmp_path: Path, hashed: list[int]) -> None:
    """It may be written to within the same tick of the clock, and its times stay as they are."""
    memory = Memory(tmp_path / "memory")
    read(snapshot, memory)
    read(snapshot, memory)
    assert len(hashed) == 2


def test_a_finding_grows_old(snapshot: Path, memory: Memory, hashed: list[int], tmp_path: Path) -> None:
    """After a day it is not believed, nor when it is from the future; and then forgotten."""
    read(snapshot, memory)
    (noted,) = (tmp_path / "memory").iterdir()
    for difference in (-25 * 3600, 3600):
        other = noted.stat().st_mtime + difference
        os.utime(noted, (other, other))
        read(snapshot, memory)
    assert len(hashed) == 3
    stale = noted.with_name("0" * 64)
    stale.write_text("another\n")
    os.utime(stale, (0, 0))
    flip(snapshot)
    flip(snapshot)
    read(snapshot, memory)
    assert list((tmp_path / "memory").iterdir()) == [noted]


def test_a_memory_that_cannot_be_written(snapshot: Path, memory: Memory, hashed: list[int], tmp_path: Path) -> None:
    (tmp_path / "memory").write_text("a file where the folder should be")
    read(snapshot, memory)
    read(snapshot, memory)
    assert len(hashed) == 2
