"""
A fault put into a copy of the source, and the tests run on that copy.

The checkout is never changed: `src/kstore` is copied once for each worker, and the copy is imported before the package
that is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SECONDS = 180
"""How long the tests of one fault may take."""
_FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/\S+)", re.M)


class Fault(NamedTuple):
    """One change of the source that makes it wrong."""

    what: str
    """What is wrong then, in a few words."""
    file: str
    """Below `src/kstore`."""
    original: str
    """Text that stands there just once."""
    replacement: str
    tests: str
    """What pytest is given: the quick tests that shall find it."""


class NotThere(Exception):
    """The source has not the text that a fault replaces, or has it more than once."""


@dataclass(frozen=True)
class Outcome:
    """What the tests said of a fault."""

    fault: Fault
    found_by: str
    """The first test that failed; empty where none did."""
    seconds: float
    said: str
    """The end of what pytest printed."""


def planted(fault: Fault, source: Path = ROOT / "src" / "kstore") -> str:
    """
    The text of the file with the fault in it.

    Raises:
        NotThere: the text to replace is not there just once.
        SyntaxError: it is no Python any more.
    """
    text = (source / fault.file).read_text()
    if (count := text.count(fault.original)) != 1:
        raise NotThere(f"{fault.file}: {fault.what}: the original text is there {count} times")
    changed = text.replace(fault.original, fault.replacement)
    compile(changed, fault.file, "exec")
    return changed


class Copy:
    """
    A copy of the source, in a folder of its own.

    Args:
        folder: where; it must not be there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = 0
        shutil.copytree(ROOT / "src" / "kstore", folder / "kstore", ignore=shutil.ignore_patterns("__pycache__"))
        ran = self._run("-c", "import kstore; print(kstore.__file__)")
        if str(folder) not in ran.stdout:
            raise RuntimeError(f"the copy is not what is imported, but {ran.stdout}{ran.stderr}")

    def judge(self, fault: Fault) -> Outcome:
        """
        Put a fault in, run its tests, and take it out again.

        Raises:
            NotThere: it cannot be put in.
        """
        path = self._folder / "kstore" / fault.file
        before = path.read_text()
        changed = planted(fault, self._folder / "kstore")
        try:
            self._write(path, changed)
            return self._outcome(fault)
        finally:
            self._write(path, before)

    def _write(self, path: Path, text: str) -> None:
        """Write a file at a time of its own: bytecode is told from older ones by the second and the size alone."""
        self._turn += 1
        path.write_text(text)
        os.utime(path, (self._turn, self._turn))

    def check(self, tests: Sequence[str]) -> str:
        """Run tests without any fault; what was said if one failed, else nothing."""
        ran = self._pytest(*tests, seconds=10 * SECONDS)
        return "" if ran.returncode == 0 else ran.stdout[-4000:]

    def _outcome(self, fault: Fault) -> Outcome:
        began = time.monotonic()
        try:
            ran = self._pytest("-x", *fault.tests.split())
        except subprocess.TimeoutExpired:
            return Outcome(fault, f"{fault.tests} (it does not end)", time.monotonic() - began, "")
        seconds = time.monotonic() - began
        names = _FAILED.findall(ran.stdout)
        found = names[0] if ran.returncode in (1, 2) and names else ""
        return Outcome(fault, found, seconds, ran.stdout[-3000:] + ran.stderr[-1000:])

    def _pytest(self, *arguments: str, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
        options = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-n", "0", "--no-header", "--tb=line", "-rfE")
        return self._run("-m", "pytest", *options, *arguments, seconds=seconds)

    def _run(self, *arguments: str, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(self._folder)}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


__all__ = ["ROOT", "SECONDS", "Copy", "Fault", "NotThere", "Outcome", "planted"]
