"""
docs/reference/cache.md: what kstore writes into the cache is what the page says, and it may be deleted.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kstore.source.location.demo import unpacked
from kstore.source.snapshot.digest import Memory

PATTERNS = {"DIGEST": "[0-9a-f]{16}", "CHECKSUM": "[0-9a-f]{64}"}


def documented(repository: Path) -> list[re.Pattern[str]]:
    """The files of the page's table, as patterns."""
    page = (repository / "docs" / "reference" / "cache.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| `([^`]+)` \|", page, re.M)
    assert len(names) == 2
    return [re.compile(re.sub("DIGEST|CHECKSUM", lambda found: PATTERNS[found[0]], name)) for name in names]


def run(cache: Path, *arguments: str) -> None:
    """A command with a cache of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "kstore", *arguments],
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.large
@pytest.mark.skipif(os.name != "posix", reason="elsewhere snapshots are hashed each time")
def test_what_is_in_the_cache(repository: Path, tmp_path: Path) -> None:
    """The demo store and a snapshot that was found whole; both kinds, no other; again when they were deleted."""
    snapshot = tmp_path / "backup.db"
    shutil.copy(unpacked(), snapshot)
    os.utime(snapshot, (time.time() - 60,) * 2)
    cache = tmp_path / "cache"
    patterns = documented(repository)
    for _ in range(2):
        run(cache, "--store", "demo", "ls")
        run(cache, "--store", str(snapshot), "ls")
        found = [path.relative_to(cache / "kstore").as_posix() for path in cache.rglob("*") if path.is_file()]
        assert all(any(pattern.fullmatch(name) for pattern in patterns) for name in found), found
        assert any(patterns[0].fullmatch(name) for name in found), found
        assert stat.S_IMODE((cache / "kstore").stat().st_mode) == 0o700
        shutil.rmtree(cache)


def test_a_snapshot_that_was_found_whole(repository: Path, tmp_path: Path) -> None:
    """What is noted of it is named as the page says."""
    Memory(tmp_path / "whole").note("its file", bytes(range(32)))
    (name,) = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert documented(repository)[1].fullmatch(name)


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    """A file where the folder should be: everything works all the same."""
    cache = tmp_path / "cache"
    cache.write_text("in the way")
    run(cache, "--store", "demo", "ls")
