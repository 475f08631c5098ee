"""
The tutorial says what its commands print.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.generate_tutorial import TUTORIAL, filled


@pytest.mark.slow
@pytest.mark.parametrize("chapter", sorted(TUTORIAL.glob("*.md")), ids=lambda path: path.stem)
def test_a_chapter_is_as_it_runs(chapter: Path) -> None:
    """Every command of the chapter was run, in order, and printed what stands below it."""
    text = chapter.read_text()
    assert filled(text) == text


def test_every_system_has_its_chapter() -> None:
    """The storage itself, custom resources, aggregated servers, servers of apiserver-builder."""
    assert len(list(TUTORIAL.glob("*.md"))) == 4
