"""No file of the repository was left in the middle of a merge."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "tests", "tools", "docs", "deploy", "examples")
MARK = re.compile(rb"^(<{7} |>{7} )", re.M)


def test_no_conflict_is_left() -> None:
    """Git's marks of a conflict: a page that has them says everything twice."""
    files = [*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())]
    texts = [path for path in files if path.suffix in (".py", ".md", ".toml", ".yaml", ".yml", ".json", ".sh", ".go")]
    assert len(texts) > 500
    assert [str(path) for path in texts if MARK.search(path.read_bytes())] == []
