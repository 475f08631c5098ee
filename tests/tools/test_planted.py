"""
The planted faults: each can still be planted, names tests that are there, and stands in the documentation.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools.planted.faults import FAULTS
from tools.planted.planting import ROOT, SECONDS, Copy, Fault, NotThere, planted

PAGE = (ROOT / "docs" / "guarantees.md").read_text()


def test_there_are_enough() -> None:
    """At least sixty, each with words of its own."""
    assert len(FAULTS) >= 60
    assert len({fault.what for fault in FAULTS}) == len(FAULTS)


@pytest.mark.large
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_it_can_be_planted(fault: Fault) -> None:
    """The source still has the text, once, and is Python with the fault; the tests that shall find it are there."""
    assert planted(fault)
    for test in fault.tests.split():
        path, _, name = test.partition("::")
        assert (ROOT / path).is_file()
        assert f"def {name}" in (ROOT / path).read_text()


def test_the_table_of_the_documentation() -> None:
    """Each fault has its row, with a test that is there."""
    rows = re.findall(r"^\| ([^|]+) \| `([^|]+)` \| `([^|]+)` \| (\d+) \|$", PAGE, flags=re.M)
    assert [(what, file) for what, file, _, _ in rows] == [(fault.what, fault.file) for fault in FAULTS]
    for _, _, test, seconds in rows:
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / path).read_text()
        assert int(seconds) <= SECONDS


def test_a_text_that_is_gone(tmp_path: Path) -> None:
    """A fault whose text the source has not, or has twice, is a mistake and no success."""
    (tmp_path / "a.py").write_text("x = 1\ny = 1\n")
    for original in ("z = 1", " = 1"):
        with pytest.raises(NotThere, match="the original text is there"):
            planted(Fault("a slip", "a.py", original, "x = 2", "tests"), tmp_path)
    with pytest.raises(SyntaxError):
        planted(Fault("a slip", "a.py", "x = 1", "x = ", "tests"), tmp_path)
    assert planted(Fault("a slip", "a.py", "x = 1", "x = 2", "tests"), tmp_path) == "x = 2\ny = 1\n"


@pytest.mark.slow
def test_a_fault_is_found_and_taken_out_again(tmp_path: Path) -> None:
    """What the copy's tests say of a fault is told; a harmless change is not found; the checkout is never changed."""
    copy = Copy(tmp_path / "copy")
    fault = Fault("a slip", "records.py", 'return b"\\0"', 'return b"\\1"', "tests/test_records.py")
    before = (ROOT / "src" / "kstore" / "records.py").read_text()
    found = copy.judge(fault)
    assert found.found_by.startswith("tests/test_records.py::test_")
    assert copy.judge(fault._replace(replacement='return b"\\x00"')).found_by == ""
    assert (ROOT / "src" / "kstore" / "records.py").read_text() == before
    assert (tmp_path / "copy" / "kstore" / "records.py").read_text() == before
