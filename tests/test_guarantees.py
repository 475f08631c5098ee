"""
docs/guarantees.md: each promise names tests that are there, and each figure what it measured, of a release that is not
too long ago.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.fuzz.readers import READERS

from kstore import __version__

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
PARTS = ("tortured", "simulated", "fuzzed", "planted")
"""What is recorded on the page, by its marks."""
_NAMED = re.compile(r"`([^`]+)`")
_VERSION = re.compile(r"kstore (\d+\.\d+\.\d+)")
_DATE = re.compile(r"\b20\d\d-\d\d-\d\d\b")


def rows(page: str, head: str) -> Iterator[list[str]]:
    """The rows of the table whose head begins so."""
    lines = iter(page.splitlines())
    for line in lines:
        if line.startswith(f"| {head} |"):
            next(lines)
            break
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def promises_without_tests(page: str) -> list[str]:
    """What is said to hold promises, and is not there; and promises that name nothing."""
    found = []
    for promise, _, held_by in rows(page, "promise"):
        tests = _NAMED.findall(held_by)
        found += [f"{promise}: names no test"] * (not tests)
        found += [f"{promise}: there is no test {test}" for test in tests if not is_test(test)]
    return found


def is_test(name: str) -> bool:
    """Whether a file or folder of tests is there, with the test that is named behind `::`, or with any."""
    file, _, function = name.partition("::")
    path = TESTS / file.removeprefix("tests/")
    if path.is_dir():
        return any(path.glob("test_*.py"))
    return path.is_file() and re.search(rf"^def {function or 'test_'}", path.read_text(), re.MULTILINE) is not None


def releases(changelog: str, current: str) -> list[str]:
    """The releases, newest first: this one, and those that the changelog has."""
    earlier = re.findall(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)
    return [current, *(one for one in earlier if one != current)]


def is_too_old(version: str, known: Sequence[str]) -> bool:
    """Whether a version is neither the newest release nor the one before."""
    return version not in known[:2]


def figures_too_old(page: str, known: Sequence[str]) -> list[str]:
    """Paragraphs, and lines of tables, that tell of a day, and not of a version of kstore that is new enough."""
    found = []
    for paragraph in re.split(r"\n\n|\n(?=\|)", page):
        if _DATE.search(paragraph):
            versions = _VERSION.findall(paragraph)
            if not versions or any(is_too_old(version, known) for version in versions):
                found.append(paragraph)
    return found


def part(page: str, name: str) -> str:
    """What stands between the marks of a part."""
    return page.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0].strip()


KNOWN = releases((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__)


def test_every_promise_is_held() -> None:
    """By tests that are there."""
    assert len(list(rows(PAGE, "promise"))) > 8
    assert promises_without_tests(PAGE) == []


def test_no_figure_is_old() -> None:
    """Each names the version that it measured."""
    assert figures_too_old(PAGE, KNOWN) == []


@pytest.mark.parametrize("name", PARTS)
def test_figures_are_recorded(name: str) -> None:
    """By the recipe that measures them, with day and version."""
    assert _DATE.search(part(PAGE, name))
    assert _VERSION.search(part(PAGE, name))


def test_every_reader_was_fuzzed() -> None:
    """Guided by coverage, without a finding, in a release that is not too long ago."""
    results = json.loads((TESTS / "fuzz" / "guided.json").read_text())
    assert results.keys() == READERS.keys()
    for name, figures in results.items():
        assert not is_too_old(figures["version"], KNOWN), name
        assert (figures["findings"], figures["executions"] > 0) == (0, True), name


# ---- that the above can fail

PROMISES = "| promise | limits | held by |\n|---|---|---|\n"


@pytest.mark.parametrize(
    "held_by",
    ["", "somebody", "`write/test_gone.py`", "`write/test_compare_and_swap.py::test_that_is_gone`", "`conftest.py`"],
)
def test_a_promise_that_nothing_holds(held_by: str) -> None:
    """It is found, and those that are held are not."""
    page = f"{PROMISES}| Held. | | `write/test_unknown_end.py::test_it_happened` |\n| Not. | x | {held_by} |\n\n| y |"
    (found,) = promises_without_tests(page)
    assert found.startswith("Not.: ")


@pytest.mark.parametrize(
    ("version", "old"), [("1.3.0", False), ("1.2.1", False), ("1.2.0", True), ("0.1.0", True), ("9.9.9", True)]
)
def test_a_figure_of_a_former_release(version: str, old: bool) -> None:
    """One release ago is new enough."""
    known = releases("# Changelog\n\n## Unreleased\n\n- x\n\n## 1.2.1\n\n## 1.2.0\n\n## 0.1.0\n", "1.3.0")
    page = f"Nothing.\n\n200 freezes on 2026-11-28\n(kstore {version}).\n\n| a | kstore 1.3.0, on 2026-11-29 |\n"
    assert bool(figures_too_old(page, known)) == old


def test_a_figure_without_a_version() -> None:
    """It cannot be known what it measured."""
    assert figures_too_old("| kills | 1,000 | 2026-11-28 |\n| cuts | 2026-11-28 | kstore 0.1.0 |", ["0.1.0"]) == [
        "| kills | 1,000 | 2026-11-28 |"
    ]
