"""
The modules of kstore as text and as trees, for the tests of what is written in them.

To take all of them apart takes seconds, and a test's import counts for every run: a test names what it looks for, and
only what has it is parsed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "kstore"


@cache
def texts() -> dict[str, str]:
    """Every module by its path below `src/kstore`, in order."""
    return {
        path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))
    }


@cache
def _tree(name: str) -> ast.Module:
    return ast.parse(texts()[name])


def modules_with(pattern: str | re.Pattern[str]) -> Iterator[tuple[str, ast.Module]]:
    """Yield the modules in whose text something is found, and their trees."""
    for name, text in texts().items():
        if re.search(pattern, text):
            yield name, _tree(name)
