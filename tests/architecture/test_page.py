"""The architecture page names files and folders that are there."""

from __future__ import annotations

import linecache
import re
from pathlib import Path

import pytest

from kstore.catalog.releases import newest
from kstore.decode.protobuf.reader import ProtobufReader
from kstore.scheme.scheme import Scheme

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


def test_the_function_that_is_shown() -> None:
    """It is one that is compiled: other readers of the type, made before, have its name and other texts."""
    shown = re.search(r"```text\n(def .*?)```", PAGE, re.S)
    assert shown is not None
    reader = ProtobufReader(Scheme(newest()).catalog)
    assert reader.read("core.v1.LocalObjectReference", b"\x0a\x01a", {}) == {"name": "a"}
    name = "<kstore reader core.v1.LocalObjectReference"
    compiled = {"".join(linecache.getlines(file)).rstrip() for file in list(linecache.cache) if file.startswith(name)}
    assert shown[1].rstrip() in compiled


SIZES = {
    path.relative_to(ROOT / "src" / "kstore").as_posix(): len(path.read_text(encoding="utf-8").splitlines())
    for path in (ROOT / "src").rglob("*.py")
}


def test_long_modules_have_a_reason() -> None:
    """A module of much more than 400 lines is on the page, and the page names none that is not."""
    reasons = re.search(r"modules are longer than 400 lines\.\*\*(.*?)\n- \*\*", PAGE, re.S)
    assert reasons is not None
    assert {path for path, lines in SIZES.items() if lines > 420} == set(re.findall(r"`([\w/]+\.py)`", reasons[1]))
