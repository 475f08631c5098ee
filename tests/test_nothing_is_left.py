"""A test that leaves a file in the checkout fails the session, and only then."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("left", "code"), [("stray.journal", 3), ("tests/data/stray", 3), (".hidden", 0), ("tests/__pycache__/x", 0)]
)
def test_what_is_left(left: str, code: int, workers: str, tmp_path: Path, repository: Path) -> None:
    """It is named; what tools keep for themselves is theirs."""
    (tmp_path / "tests").mkdir()
    shutil.copy(repository / "tests" / "conftest.py", tmp_path / "tests")
    (tmp_path / "tests" / "test_it.py").write_text(
        f"from pathlib import Path\ndef test_it():\n    path = Path({left!r})\n"
        "    path.parent.mkdir(exist_ok=True)\n    path.touch()\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-n", workers, "tests"]
    environment = {**os.environ, "PYTHONPATH": str(repository), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stdout
    assert (f"left in the checkout: {left.removesuffix('/stray')}" in ran.stdout) is bool(code)
