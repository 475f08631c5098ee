"""
What is published: built twice, which must give the same bytes, with a checksum for each file.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from tools.release.version import ReleaseFault, version_of

CHECKSUMS = "SHA256SUMS"
NEEDED = ("kstore/demo/demo.db.xz", "kstore/py.typed", "share/man/man1/kstore.1", "share/man/man1/kstore-migrate.1")
"""What a wheel must not be without; the last of its names are asked."""


def build(root: Path, folder: Path) -> None:
    """
    Build the sdist, and from it the wheel, into an empty folder.

    Raises:
        ReleaseFault: a second build differs, or something is missing or there that must not be.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as again:
        for place in (folder, Path(again)):
            subprocess.run(
                [sys.executable, "-m", "build", "--installer", "uv", "--outdir", place, root],
                check=True,
                stdout=subprocess.PIPE,
            )
        first, second = (
            {path.name: sha256(path) for path in sorted(place.iterdir())} for place in (folder, Path(again))
        )
    if first != second:
        raise ReleaseFault(f"two builds differ: {sorted(first.items() ^ second.items())}")
    wheel, sdist = wheel_of(folder), sdist_of(folder)
    if not all(version_of(root) in path.name for path in (wheel, sdist)):
        raise ReleaseFault(f"{wheel.name}, {sdist.name}: the version is {version_of(root)}")
    _hold_wheel(wheel)
    _hold_sdist(sdist)


def _hold_wheel(wheel: Path) -> None:
    if not wheel.name.endswith("-py3-none-any.whl"):
        raise ReleaseFault(f"{wheel.name} is not for every platform")
    names = zipfile.ZipFile(wheel).namelist()
    missing = [one for one in NEEDED if not any(name.endswith(one) for name in names)]
    if missing:
        raise ReleaseFault(f"{wheel.name} lacks {', '.join(missing)}")
    if strange := [name for name in names if not name.startswith("kstore")]:
        raise ReleaseFault(f"{wheel.name} has {strange[0]}, which is not in the package")


def _hold_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        top = {name.split("/")[1] for name in archive.getnames()}
    missing = {"src", "tests", "tools", "docs", "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml"} - top
    if missing:
        raise ReleaseFault(f"{sdist.name} lacks {', '.join(sorted(missing))}")


def wheel_of(folder: Path) -> Path:
    """The one wheel in a folder."""
    (wheel,) = folder.glob("kstore-*.whl")
    return wheel


def sdist_of(folder: Path) -> Path:
    """The one source distribution in a folder."""
    (sdist,) = folder.glob("kstore-*.tar.gz")
    return sdist


def sha256(path: Path) -> str:
    """In hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_checksums(folder: Path) -> None:
    """In sha256sum's own form."""
    files = sorted(path for path in folder.iterdir() if path.name != CHECKSUMS)
    (folder / CHECKSUMS).write_text("".join(f"{sha256(path)}  {path.name}\n" for path in files))


def hold_checksums(folder: Path) -> None:
    """
    Raises:
        ReleaseFault: a file is not as it was, is missing, or has no checksum.
    """
    rows = {
        name: digest
        for digest, _, name in (line.partition("  ") for line in (folder / CHECKSUMS).read_text().splitlines())
    }
    found = {path.name: sha256(path) for path in folder.iterdir() if path.name != CHECKSUMS}
    if wrong := sorted({name for name, _ in rows.items() ^ found.items()}):
        raise ReleaseFault(f"not as {CHECKSUMS} says: {', '.join(wrong)}")
