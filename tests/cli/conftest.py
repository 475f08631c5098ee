"""
The command line run within the test's own process, its streams caught.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kstore.cli.main import run
from kstore.errors import KstoreError
from kstore.fleet.tasks import Task, answer, kstore_version
from kstore.source.interface import Source
from kstore.source.location import address

STORE = "http://127.0.0.1:1"
"""Where the store of `command_on` is said to be."""
Command = Callable[..., tuple[int, str, str]]
CommandOn = Callable[[Source], Command]


@pytest.fixture
def command_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandOn:
    """Run commands on a store in memory: the exit code, and what was printed."""

    def on(store: Source) -> Command:
        monkeypatch.setattr(address, "open_location", lambda location: store)
        monkeypatch.chdir(tmp_path)

        def command(*words: str) -> tuple[int, str, str]:
            capsys.readouterr()
            code = run(["--store", STORE, *words])
            printed = capsys.readouterr()
            return code, printed.out, printed.err

        return command

    return on


@dataclass(frozen=True)
class Ran:
    """How a command line went."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode()

    @property
    def json(self) -> Any:
        """Standard output as one document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Kstore = Callable[..., Ran]


@pytest.fixture(autouse=True)
def no_store_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No store is meant but the one a test names, and no pager waits for a key, whatever the machine has set."""
    monkeypatch.setenv("KSTORE_PAGER", "")
    for name in ("KSTORE_STORE", "ETCDCTL_ENDPOINTS", "ETCDCTL_DISCOVERY_SRV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def fleet_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks of a fleet are done here: what they answer is the point, and not the process that they are done in."""

    def run_task(task: dict[str, Any], *_: object) -> dict[str, Any]:
        found: dict[str, Any] = {"address": task["address"], "rows": [], "error": "", "kstore": kstore_version()}
        try:
            rows = json.loads(json.dumps(answer(Task(**task))))
        except KstoreError as error:
            return {**found, "status": "failed", "error": f"{error.code}: {error}", "seconds": 0.1}
        return {**found, "status": "done", "rows": rows, "seconds": 0.1}

    monkeypatch.setattr("kstore.fleet.run.run_task", run_task)


@pytest.fixture(scope="session")
def kstore() -> Kstore:
    """Run a command line: `kstore("decode", "--batch", stdin=b"…")`."""

    def call(*arguments: str, stdin: bytes = b"") -> Ran:
        before = sys.stdin, sys.stdout, sys.stderr
        out, err = io.BytesIO(), io.BytesIO()
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin)))  # type: ignore[arg-type]
        sys.stdout = io.TextIOWrapper(out, write_through=True)
        sys.stderr = io.TextIOWrapper(err, write_through=True)
        try:
            code = run(list(arguments))
            sys.stdout.flush()
            sys.stderr.flush()
            return Ran(code, out.getvalue(), err.getvalue().decode())
        finally:
            for stream in (sys.stdin, sys.stdout, sys.stderr):
                stream.detach()
            sys.stdin, sys.stdout, sys.stderr = before

    return call


@pytest.fixture(scope="session")
def demo(kstore: Kstore) -> Kstore:
    """The same, of the demo store."""

    def call(*arguments: str, stdin: bytes = b"") -> Ran:
        return kstore("--store", "demo", *arguments, stdin=stdin)

    return call
