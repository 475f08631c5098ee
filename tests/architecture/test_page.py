"""The architecture page names files and folders that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ")]
PATHS = sorted({path for row in ROWS for path in re.findall(r"`([a-z0-9_/<>]+(?:\.py|/))`", row) if "<" not in path})


def test_there_are_paths() -> None:
    assert len(PATHS) > 30


@pytest.mark.parametrize("path", PATHS)
def test_it_is_there(path: str) -> None:
    """Below `src/kstore`, below the repository, or, of a row with several, beside the one that is named whole."""
    places = (ROOT / "src" / "kstore" / path, ROOT / path, ROOT / "src" / "kstore" / "customresource" / path)
    assert any(place.exists() for place in places)
