"""
A few stores as files, and a cache of our own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.source.remote.conftest import moto, s3  # noqa: F401 - fixtures of S3's API

from kstore.fleet.processes import Processes
from kstore.source.location.demo import unpacked


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing is known from other tests."""
    unpacked()  # in the user's own cache, so that it is made once
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two whole stores and a torn one."""
    folder = tmp_path_factory.mktemp("night")
    for name in ("a.db", "b.db"):
        shutil.copy(unpacked(), folder / name)
    (folder / "torn.db").write_bytes(unpacked().read_bytes()[:20_000])
    return folder


@pytest.fixture
def processes() -> Iterator[Processes]:
    """Those that answer tasks; none is left."""
    found = Processes()
    yield found
    found.end()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Have a shell script stand in the place of the process that answers; the file counts how often it ran."""

    def put(script: str) -> Path:
        path, ran = tmp_path / "python", tmp_path / "ran"
        path.write_text(f"#!/bin/sh\necho >> {ran}\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr("kstore.fleet.processes.sys.executable", str(path))
        return ran

    return put
