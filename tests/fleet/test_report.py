"""
The results of a run as a table, as metrics, and as a page.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from kstore.fleet.report import (
    columns_of,
    current,
    page,
    page_name,
    prometheus_text,
    rows_of,
    short_rows,
    something_found,
    store_page,
)

GOOD: dict[str, Any] = {
    "address": "a.db", "status": "done", "seconds": 1.5, "error": "", "kstore": "0", "known": False,
    "rows": [{
        "store": "a.db", "cluster": "c1", "release": "1.30", "target_release": "1.37", "revision": 5,
        "newest": "2020-01-01T00:00:00Z", "size": 10, "objects": 3, "undecodable": 0, "errors": 1, "warnings": 0,
        "notes": 0, "below_target": 2, "verdict": "errors",
    }],
}  # fmt: skip
BAD: dict[str, Any] = {
    "address": '<b>"evil"\n', "status": "timeout", "seconds": 9.0, "error": "not done within 9 s", "kstore": "",
    "rows": [], "known": False,
}  # fmt: skip


def test_rows() -> None:
    """A row a store; one that did not answer has its name, its status and why."""
    names = list(columns_of("check"))
    rows = [dict(zip(names, row, strict=True)) for row in rows_of("check", [current(GOOD, "a.db"), BAD])]
    assert (rows[0]["objects"], rows[0]["status"], rows[0]["error"]) == (3, "done", None)
    assert rows[0]["age_hours"] > 50_000
    assert {name: value for name, value in rows[1].items() if value is not None} == {
        "store": BAD["address"], "status": "timeout", "seconds": 9.0, "error": "not done within 9 s",
    }  # fmt: skip
    assert something_found("check", [GOOD, BAD])
    assert not something_found("check", [BAD])


def test_a_page_names_a_store_once_a_row() -> None:
    """What an error begins with, the row's store, is left out: it stands beside it."""
    failed = {**BAD, "address": "/n/x.db", "error": "damaged-store: /n/x.db: torn"}
    assert '<td data-name="error">damaged-store: torn</td>' in "".join(page("check", [failed]))


def test_why_a_backup_is_not_proved() -> None:
    """The first reason, without the store's name, which stands beside it; more of them are three dots."""

    def proved(address: str, why: str) -> dict[str, Any]:
        return {**GOOD, "address": address, "rows": [{"revision": 5, "verdict": "not proved", "why": why}]}

    torn = "whole: /n/x.db: it is torn"
    rows = short_rows(
        "prove",
        [proved("/n/x.db", torn), proved("/n/y/z.db", "age: old; target: gone"), proved("/n/w.db", "k" * 73), BAD],
    )
    assert [row[-1] for row in rows] == ["whole: it is torn", "age: old…", f"{'k' * 72}…", ""]
    assert [row[0] for row in rows] == ["/n/x.db", "/n/y/z.db", "/n/w.db", BAD["address"]]
    assert [row[0] for row in short_rows("prove", [proved("/n/x.db", ""), proved("/n/y/z.db", "")])] == [
        "x.db", "y/z.db",
    ]  # fmt: skip


def test_metrics() -> None:
    """A gauge for each number, what was found out beside it, and whether each store answered; labels are escaped."""
    text = "".join(prometheus_text("check", [GOOD, BAD]))
    assert 'kstore_fleet_check_objects{store="a.db"} 3\n' in text
    assert (
        'kstore_fleet_check_info{store="a.db",cluster="c1",release="1.30",target_release="1.37",verdict="errors"} 1'
        in text
    )
    assert 'kstore_fleet_up{store="<b>\\"evil\\"\\n"} 0\n' in text
    for line in text.splitlines():
        assert re.fullmatch(r'# TYPE \w+ gauge|\w+\{(?:\w+="(?:[^"\\\n]|\\.)*",?)+\} -?\d+', line), line


def test_a_series_goes_on_when_the_verdict_is_another() -> None:
    """Numbers are labelled by what names them; only what is found out beside them changes from night to night."""

    def series(verdict: str) -> set[str]:
        row = {**GOOD["rows"][0], "verdict": verdict, "release": verdict}
        return {line.rpartition(" ")[0] for line in prometheus_text("check", [{**GOOD, "rows": [row]}])}

    changed = series("errors") ^ series("clean")
    assert changed
    assert all(line.startswith("kstore_fleet_check_info{") for line in changed)


class Reader(HTMLParser):
    """Collects the tags and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag; nothing is fetched from elsewhere."""
        self.tags.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onload", "onclick"}

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)


def test_a_store_has_its_own_page() -> None:
    """It is linked, and has every finding, escaped; one that did not answer says why."""
    finding = {
        "severity": "error", "title": "<Gone>", "subject": "apps/v1beta1", "count": 3, "why": "why", "hint": "",
        "keys": [{"key": "/registry/x", "detail": ""}], "command": "kstore migrate --to apps/v1",
    }  # fmt: skip
    good = {**GOOD, "rows": [{**GOOD["rows"][0], "findings": [finding]}]}
    text = "".join(page("check", [good, BAD], "fleet stores"))
    links = re.findall(r'<a href="([^"]+)">', text)
    assert links == [f"fleet%20stores/{page_name(one['address'])}" for one in (good, BAD)]
    own = "".join(store_page(good))
    assert "error: &lt;Gone&gt;</h3>" in own
    assert "<h4>apps/v1beta1 (3)</h4>" in own
    assert "/registry/x" in own
    assert "kstore migrate --to apps/v1" in own
    assert "not done within 9 s" in "".join(store_page(BAD))
    assert '<b>"evil"' not in "".join(store_page(BAD))


def test_page() -> None:
    """One self-contained page: a button to sort by for each column, every value escaped."""
    reader = Reader()
    reader.feed("".join(page("check", [GOOD, BAD])))
    assert reader.tags.count("button") == reader.tags.count("th") == len(columns_of("check"))
    assert reader.tags.count("tr") == 3
    assert "b" not in reader.tags
    assert "1 answered, 1 did not." in reader.words
