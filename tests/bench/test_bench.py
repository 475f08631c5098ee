"""python -m bench on a few objects: real stores, real commands, figures kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.cases import CASES
from bench.peers import beside, path_of

from bench import data
from kstore.catalog.releases import newest
from kstore.codec import StoredObject
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

ROOT = Path(__file__).parents[2]


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "bench", *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def no_peers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KSTORE_SERVERS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", os.defpath)


@pytest.mark.large
def test_rows_of_a_file(tmp_path: Path, no_peers: None) -> None:
    """Rows are found by their names, kept in a file beside those that were known, and put on the page."""
    common = ("--count", 20, "--rounds", 1, "--folder", tmp_path / "data", "--results", tmp_path / "results.json")
    first = bench("keys", *common)
    assert first.returncode == 0, first.stderr
    second = bench("diff", *common, "--page", tmp_path / "page.md")
    assert second.returncode == 0, second.stderr
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert [row["name"] for row in rows] == ["keys", "diff"]
    assert rows[0]["kstore"]["units"] == 40
    assert [peer["name"] for peer in rows[0]["missing"]] == ["auger"]
    page = (tmp_path / "page.md").read_text()
    assert "### keys" in page
    assert str(tmp_path) not in page


@pytest.mark.large
def test_a_row_that_is_not_there(tmp_path: Path) -> None:
    found = bench("keyz", "--count", 20, "--folder", tmp_path)
    assert found.returncode == 1
    assert "no such row or case: keyz" in found.stderr


@pytest.mark.large
def test_data_without_the_work_fail(tmp_path: Path, no_peers: None) -> None:
    """A database of fewer objects than are asked for: the keys are counted."""
    few = data.snapshot(tmp_path, 5)
    for name in ("filled", "changed"):
        (tmp_path / f"{name}-9.db").write_bytes(few.read_bytes())
    found = bench("keys", "--count", 9, "--folder", tmp_path)
    assert found.returncode == 1
    assert "was printed 10 times, 18 times were expected" in found.stderr


def test_peers_are_not_built(no_peers: None) -> None:
    """What is neither there nor built is missing."""
    assert path_of("auger") is None
    assert beside("auger", contender=lambda path: pytest.fail(path)).why == "not installed here"


@pytest.mark.parametrize("kind", ["pod", "deployment"])
def test_templates_lie_where_their_keys_say(kind: str) -> None:
    """An apiserver lists an object in the namespace that it names, whatever its key says."""
    codec = ObjectCodec(Scheme(newest()))
    for templates in (data.demo_templates(), data.templates()):
        read = codec.decode(templates[kind])
        assert isinstance(read, StoredObject) or read.object
        assert read.object["metadata"]["namespace"] == data.NAMESPACE
        assert read.object["metadata"]["name"] == data.NAME.decode()


def test_cases_have_words() -> None:
    for case in CASES.values():
        assert case.__doc__
