"""
The example plugins as if they were installed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have Python find the entry points of an example, as pip would write them."""

    def install(name: str) -> None:
        folder = tmp_path / f"kstore_{name}-0.1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: kstore-{name}\nVersion: 0.1.0\n")
        (folder / "entry_points.txt").write_text(f"[kstore.scheme]\n{name} = kstore_{name}:plugin\n")

    monkeypatch.syspath_prepend(tmp_path)
    return install
