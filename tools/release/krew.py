"""
Makes an archive for krew, kubectl's plugin manager, for each platform, and the manifest that names them.

An archive has kstore, what it needs and a launcher for the Python that it finds: compiled modules bear the name of
their Python, so that one folder serves 3.11 to 3.14.

    python -m tools.release.krew FOLDER [--wheel FILE] [--url https://…/v0.2.0] [--platform linux/amd64 …]
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tools.release.artefacts import build, sha256, wheel_of
from tools.release.fresh import PYTHONS, run, tool
from tools.release.version import version_of

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = {
    "linux/amd64": "x86_64-manylinux_2_28",
    "linux/arm64": "aarch64-manylinux_2_28",
    "darwin/arm64": "aarch64-apple-darwin",
}
"""krew's platforms, and uv's names of them."""
LAUNCHER = f"""#!/usr/bin/env python3
import os
import sys

if not (3, {PYTHONS[0].partition(".")[2]}) <= sys.version_info[:2] <= (3, {PYTHONS[-1].partition(".")[2]}):
    sys.exit("kstore needs python3 to be Python {PYTHONS[0]} to {PYTHONS[-1]}")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))

from kstore.cli.main import main

main()
"""


def main() -> None:
    """Parse the command line, and make them."""
    parser = argparse.ArgumentParser(prog="python -m tools.release.krew")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wheel", type=Path, help="what was built before; else it is built")
    parser.add_argument("--url", default="https://example.com/kstore", help="the folder where the archives will be")
    parser.add_argument("--platform", action="append", choices=PLATFORMS, help="all, when none is named")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.wheel is None:
        build(ROOT, given.folder / "dist")
        given.wheel = wheel_of(given.folder / "dist")
    archives = {one: archive(one, given.wheel.resolve(), given.folder) for one in given.platform or PLATFORMS}
    path = given.folder / "kstore.yaml"
    path.write_text(yaml.safe_dump(manifest(archives, version_of(ROOT), given.url), sort_keys=False))
    print(path, *archives.values(), sep="\n")


def archive(platform: str, wheel: Path, folder: Path) -> Path:
    """The archive for a platform: the same bytes from the same packages."""
    path = folder / f"kstore-{platform.replace('/', '-')}.tar.gz"
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "kstore"
        for python in PYTHONS:
            target = Path(scratch) / python
            options = ["--python-version", python, "--python-platform", PLATFORMS[platform], "--only-binary", ":all:"]
            options += ["--no-binary", "etcd3"]  # plain Python, which is published as source alone
            run(tool("uv"), "pip", "install", "--target", target, *options, "--no-compile-bytecode", wheel)
            shutil.copytree(target, place / "lib", dirs_exist_ok=True)
        for name in ("bin", "share"):
            shutil.rmtree(place / "lib" / name, ignore_errors=True)
        (place / "kubectl-kstore").write_text(LAUNCHER)
        (place / "kubectl-kstore").chmod(0o755)
        shutil.copy(ROOT / "LICENSE", place)
        with (
            path.open("wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            for one in sorted(place.rglob("*")):
                tar.add(one, one.relative_to(place), recursive=False, filter=_nobodys)
    return path


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member


def manifest(archives: dict[str, Path], version: str, url: str) -> dict[str, Any]:
    """As sigs.k8s.io/krew/pkg/index/types.go has it."""
    platforms = []
    for platform, path in archives.items():
        system, architecture = platform.split("/")
        platforms.append(
            {
                "selector": {"matchLabels": {"os": system, "arch": architecture}},
                "uri": f"{url}/{path.name}",
                "sha256": sha256(path),
                "bin": "kubectl-kstore",
            }
        )
    return {
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": "kstore"},
        "spec": {
            "version": f"v{version}",
            "shortDescription": "Read and migrate the objects stored in etcd",
            "description": (
                "Opens a cluster's etcd, live or as a snapshot, shows the objects that are stored in it,\n"
                "and rewrites them to another storage version, byte for byte as a kube-apiserver would.\n"
            ),
            "caveats": f"Needs python3 ({PYTHONS[0]} to {PYTHONS[-1]}), and etcd's certificates or a snapshot of it.\n",
            "platforms": platforms,
        },
    }


if __name__ == "__main__":
    main()
