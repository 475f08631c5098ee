"""
The version: it stands in one place, and the tag and the changelog must say the same.
"""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

VERSION = re.compile(r'^__version__ = "(.*)"$', re.MULTILINE)
UNRELEASED = "## Unreleased"
NUMBERS = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


class ReleaseFault(Exception):
    """What stops a release."""


def version_of(root: Path) -> str:
    """The version in the tree."""
    found = VERSION.search(_place(root).read_text(encoding="utf-8"))
    if found is None:
        raise ReleaseFault(f"{_place(root)} has no version")
    return found[1]


def _place(root: Path) -> Path:
    return root / "src" / "kstore" / "__init__.py"


def sections(changelog: str) -> dict[str, str]:
    """The changelog's sections by their headings, in order."""
    parts = re.split(r"^(## .*)$", changelog, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (text.strip() for text in parts[2::2]), strict=True))


def agreed(root: Path) -> str:
    """
    Hold the tag of this commit, the version and the changelog against each other; a sentence of what is so.

    Raises:
        ReleaseFault: they differ, or the tree is not the commit.
    """
    version = version_of(root)
    git = ["git", "-C", str(root)]
    tags = subprocess.run([*git, "tag", "--points-at", "HEAD"], capture_output=True, text=True, check=True).stdout
    found = [tag for tag in tags.split() if tag.startswith("v")]
    (first, text), *_ = sections((root / "CHANGELOG.md").read_text(encoding="utf-8")).items()
    if not text:
        raise ReleaseFault(f"CHANGELOG.md: {first!r} is empty")
    if not found:
        return f"kstore {version}: no tag on this commit, so this is a rehearsal"
    if found != [f"v{version}"]:
        raise ReleaseFault(f"the commit has the tag {', '.join(found)}, and the tree the version {version}")
    if not first.startswith(f"## {version} ("):
        raise ReleaseFault(f"CHANGELOG.md begins with {first!r}, not with {version}: run `prepare {version}` first")
    status = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    if status:
        raise ReleaseFault(f"the tree differs from the tag:\n{status}")
    return f"kstore {version}: tag, version and changelog agree"


def prepare(root: Path, version: str) -> None:
    """
    Write a new version into the tree, and give the changelog's open section its name and date.

    Raises:
        ReleaseFault: it is no version, or there is nothing to release.
    """
    if NUMBERS.fullmatch(version) is None:
        raise ReleaseFault(f"{version!r} is no version: three numbers, and a1, b1 or rc1 behind them")
    changelog = root / "CHANGELOG.md"
    before = changelog.read_text(encoding="utf-8")
    if not sections(before).get(UNRELEASED):
        raise ReleaseFault(f"CHANGELOG.md has nothing under {UNRELEASED!r}")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    changelog.write_text(before.replace(UNRELEASED, f"## {version} ({today})", 1), encoding="utf-8")
    place = _place(root)
    place.write_text(VERSION.sub(f'__version__ = "{version}"', place.read_text(encoding="utf-8")), encoding="utf-8")
