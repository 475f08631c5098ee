"""
pytest, and once more, one after the other, the tests that failed: those that pass then are named in a file.

A test that fails now and then is a defect, which one run in CI must show without holding up what it has nothing to do
with. Only failed tests are given a second chance: a run that broke off, files left behind or too little coverage are
what they are. The tests of the second run see the same random numbers as in the first.

    python -m tools.second_chance FILE ARGUMENTS OF PYTEST
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest


def main(names: Path, arguments: Sequence[str]) -> int:
    """
    Run pytest with these arguments; its exit code.

    Args:
        names: the file to which the tests are added that failed and then passed, one a line.
        arguments: of pytest.
    """
    with tempfile.TemporaryDirectory(prefix="pytest-cache-") as cache:  # a run of its own: no older failure in it
        run = [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}"]
        first = subprocess.call([*run, *arguments])
        failed = _failed(Path(cache))
        if first != pytest.ExitCode.TESTS_FAILED or not failed:
            return first
        print(f"\n==> once more, alone: {len(failed)} failed", flush=True)
        plain = [each for each in arguments if not each.startswith("--cov")]
        again = [*plain, "--last-failed", "--last-failed-no-failures=none", "-n", "0", "--randomly-seed=last"]
        second = subprocess.call([*run, *again])
    if second == 0 and len(plain) < len(arguments):  # the first run's floor, which the second cannot reach
        second = subprocess.call([sys.executable, "-m", "coverage", "report", "--format=total"])
    if second == 0:
        with names.open("a") as file:
            file.writelines(f"{each}\n" for each in failed)
    return second


def _failed(cache: Path) -> list[str]:
    """The tests that pytest notes as failed."""
    path = cache / "v" / "cache" / "lastfailed"
    return sorted(json.loads(path.read_text())) if path.exists() else []


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
