"""
Migrations of a file that are killed: at every step that touches the disk, and at moments of chance.

Whenever it happens, either the new database is there, and verified, or it is not, and the same command makes it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kstore.cli.main import run

pytestmark = pytest.mark.slow

_KILLED_AT = """
import os, signal, sys
left = int(sys.argv[1])

def counted(real):
    def call(*arguments, **names):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **names)
    return call

for name in ("pwrite", "ftruncate", "fsync", "fdatasync", "link", "unlink", "rename", "replace"):
    setattr(os, name, counted(getattr(os, name)))
from kstore.cli.main import run
code = run(sys.argv[2:])
print(left, file=sys.stderr)
sys.exit(code)
"""
"""Runs a command line, and kills itself before so many changes of files have been made; says how many were left."""


def migration(folder: Path) -> list[str]:
    return ["--store", "demo", "migrate", "--to", "apps/v1", "--yes", "--output", str(folder / "new.db")]


def holds(folder: Path) -> bool:
    """Whether the new database is there; what is there is whole, and what is not can be made by the same command."""
    output = folder / "new.db"
    there = output.exists()
    if there:
        assert run(["migrate", "verify", str(output)]) == 0
    else:
        assert run(["migrate", "verify", str(output)]) in (1, 5)
        assert run(["migrate", "resume", str(output)]) in (1, 2)
        assert run(migration(folder)) == 0
        assert run(["migrate", "verify", str(output)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["new.db", "new.db.journal"]
    return there


def test_killed_at_every_step(tmp_path: Path) -> None:
    """Before each write, each rename, each flush: nothing half-written is taken for whole, nothing is in the way."""
    whole = subprocess.run(
        [sys.executable, "-c", _KILLED_AT, "1000000", *migration(tmp_path)], capture_output=True, check=True
    )
    steps = 1_000_000 - int(whole.stderr.split()[-1])
    assert steps > 10
    ends = set()
    chosen = {1, 2, *random.Random(7).sample(range(3, steps - 7), 2), *range(steps - 7, steps + 1)}
    for step in sorted(chosen):
        folder = tmp_path / str(step)
        folder.mkdir()
        ended = subprocess.run(
            [sys.executable, "-c", _KILLED_AT, str(step), *migration(folder)], capture_output=True, check=False
        )
        assert ended.returncode == -signal.SIGKILL
        ends.add(holds(folder))
    assert ends == {True, False}


@pytest.mark.parametrize("seed", range(int(os.environ.get("KSTORE_OFFLINE_KILLS", "2"))))
def test_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    """So at a moment of chance, which nothing in the process chose."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kstore", *migration(tmp_path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(random.Random(seed).uniform(0.2, 2.5))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    holds(tmp_path)
