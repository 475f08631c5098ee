"""The page and its plot: every figure is one that was measured, and what is missing is said."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bench.page import page, picture

MACHINE = {
    "date": "2026-11-29", "processors": 2, "processor": "a processor", "memory": 8 << 30, "system": "Linux x86_64",
    "load": 0.1, "yardstick": 0.5, "versions": {"kstore": "1.0", "etcd": "3.6.16"},
}  # fmt: skip


def took(name: str, units: int = 100, **others) -> dict:
    one = {"seconds": [2.0, 1.5, 2.5], "processor": [1.0, 1.0, 1.0], "peak": [50 << 20, 40 << 20, 60 << 20]}
    return {"name": name, "command": f"{name} --all", "units": units, **one, **others}


def row(**others) -> dict:
    known = {"name": "keys", "work": "all keys", "meaning": "The keys.", "aim": 5, "limit": ""}
    return {**known, "kstore": took("kstore"), "peers": [], "missing": [], **others}


def results(*rows: dict, **others) -> dict:
    return {"machine": MACHINE, "count": 100, "rows": list(rows), **others}


def test_medians_with_their_spread() -> None:
    text = page(results(row()))
    assert "| [all keys](#keys) | kstore | 2.00 s (1.50–2.50) | 1.00 s | 60 MiB | | 5 |" in text  # noqa: RUF001
    assert "    kstore --all\n" in text


def test_peers() -> None:
    """A peer of fewer objects has their number beside its name."""
    peer = took("auger", 10, secondsRatio=6.914, processorRatio=7.0)
    assert "| | auger, 10 objects | 2.00 s" in page(results(row(peers=[peer])))
    assert "| 6.91, 7.00 | |" in page(results(row(peers=[peer])))


def test_a_peer_that_is_missing() -> None:
    text = page(results(row(missing=[{"name": "auger", "why": "not installed here"}])))
    assert "| | auger | not installed here |" in text


def test_a_limit_is_told() -> None:
    assert "As fast as it gets." in page(results(row(limit="As fast as it gets.")))


@pytest.mark.parametrize(("load", "said"), [(0.1, False), (9.0, True)])
def test_a_busy_machine_is_said(load: float, said: bool) -> None:
    assert ("other work ran beside" in page({**results(row()), "machine": {**MACHINE, "load": load}})) is said


SCALE = [
    {"name": name, "keys": keys, "seconds": keys / 1000, "processor": keys / 1000, "peak": 50 << 20}
    for name in ("keys", "check & <report>")
    for keys in (1000, 10_000, 100_000)
]


def test_the_plot_is_a_picture() -> None:
    """A line a command in each panel, from left to right; time rises, memory does not."""
    drawing = ElementTree.fromstring(picture(SCALE))
    lines = [
        [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        for line in drawing.iter("{http://www.w3.org/2000/svg}polyline")
    ]
    assert len(lines) == 4
    for line in lines:
        assert [x for x, _ in line] == sorted(x for x, _ in line)
    (time, _, memory, _) = lines
    assert time[0][1] > time[1][1] > time[2][1]
    assert len({y for _, y in memory}) == 1


def test_one_size_is_a_picture_too() -> None:
    ElementTree.fromstring(picture(SCALE[:1]))
    ElementTree.fromstring(picture([]))


def test_more_keys() -> None:
    text = page(results(row(), scale=SCALE))
    assert "| command | 1,000 keys | 10,000 keys | 100,000 keys |" in text
    assert "| [keys](#keys) | 1.00 s, 50 MiB | 10.00 s, 50 MiB | 100.00 s, 50 MiB |" in text
    assert "](benchmarks.svg)" in text


def test_the_page_that_is_there_says_no_place() -> None:
    """Neither this machine's folders nor ports nor names."""
    written = Path(__file__).parents[2] / "docs/reference/benchmarks.md"
    assert not re.search(r"/home/|/root/|/tmp/|/work/|127\.0\.0\.1:\d|localhost:\d", written.read_text())
