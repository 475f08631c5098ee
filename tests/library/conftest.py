"""
The demo store, as the library opens it and as the command line prints it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kstore


@pytest.fixture(scope="module")
def store() -> Iterator[kstore.Store]:
    """The demo store."""
    with kstore.open("demo", release="1.37") as opened:
        yield opened


Answer = Callable[..., Any]


@pytest.fixture(scope="session")
def answer() -> Answer:
    """What a command prints of the demo store: `answer("ls", "pods", "-o", "keys")`; JSON is parsed."""

    def run(*arguments: str) -> Any:
        command = [sys.executable, "-m", "kstore", "--store", "demo", "--release", "1.37", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 3, 5), done.stderr
        return json.loads(done.stdout) if "json" in arguments else done.stdout

    return run
