"""
docs/plugins.md: the plugin that it builds, built from its very text, does what it says.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def zoo(repository: Path, tmp_path: Path) -> Path:
    """The page's package: each block that begins with a file's name is that file."""
    text = (repository / "docs" / "plugins.md").read_text()
    for name, content in re.findall(r"^```\w+\n(?:#|//) (\S+\.\w+)\n(.*?)^```$", text, re.M | re.S):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    found = re.search(r"^zoo = .*$", (tmp_path / "pyproject.toml").read_text(), re.M)
    assert found is not None
    folder = tmp_path / "kstore_zoo-0.1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: kstore-zoo\nVersion: 0.1.0\n")
    (folder / "entry_points.txt").write_text(f"[kstore.scheme]\n{found[0].replace(chr(34), '')}\n")
    return tmp_path


def test_the_page_works(zoo: Path, repository: Path) -> None:
    """The command of the last section prints the line that the page shows."""
    text = (repository / "docs" / "plugins.md").read_text()
    asked = re.search(r"echo '(.*)' \\\n", text)
    shown = re.search(r"^```text\n(.*?)^```$", text, re.M | re.S)
    assert asked is not None
    assert shown is not None
    result = subprocess.run(
        [sys.executable, "-m", "kstore", "convert", "--to", "zoo.example.com/v1"],
        input=asked[1].encode(),
        capture_output=True,
        env={"PYTHONPATH": str(zoo), "PATH": "", "HOME": str(zoo)},
        cwd=zoo,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode() == shown[1]
