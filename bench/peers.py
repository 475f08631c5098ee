"""
Where the peers' programs are, and what version each is of.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.cluster.servers import BUILDS, cached, find_etcd

from bench.rows import Contender, Missing

AUGER = "auger: `go install github.com/etcd-io/auger@main` puts it on the path"
_VERSIONS: Mapping[str, list[str]] = {
    "auger": ["version"],
    "curl": ["--version"],
    "etcdctl": ["version"],
    "kube-apiserver": ["--version"],
    "kubectl": ["version", "--client"],
}
"""What makes a program say its version."""


def path_of(name: str) -> str | None:
    """A peer's program: in `$KSTORE_SERVERS`, built by `tools.cluster`, or on the path. Nothing is built here."""
    prebuilt = os.environ.get("KSTORE_SERVERS")
    if prebuilt and (path := Path(prebuilt) / name).exists():
        return str(path)
    if name in BUILDS and (built := cached(name)):
        return str(built)
    return shutil.which(name)


def etcd_program(name: str = "etcd") -> Path:
    """
    etcd, etcdctl or etcdutl: as `path_of` finds what was built, or else any.

    Raises:
        ServerMissing: there is none.
    """
    prebuilt = os.environ.get("KSTORE_SERVERS")
    return (None if prebuilt else cached(name)) or find_etcd(name)


def beside(*names: str, contender: Callable[..., Contender]) -> Contender | Missing:
    """What `contender` makes of these programs' paths, or which of them is not installed."""
    paths = [path_of(name) for name in names]
    absent = [name for name, path in zip(names, paths, strict=True) if path is None]
    return Missing(", ".join(absent)) if absent else contender(*paths)


def version_of(path: str, name: str) -> str:
    """What a program calls its version; empty where it does not say."""
    arguments = _VERSIONS.get(name, ["--version"])
    ran = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    found = re.search(r"v?(\d+\.\d+(?:\.\d+)?[\w.+-]*)", ran.stdout) if ran.returncode == 0 else None
    return found[1] if found else ""
