"""`kstore report`: one HTML page, well formed, with nothing from elsewhere and no value of any object."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html import unescape
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.cli.conftest import Kstore

import kstore as package


class Outline(HTMLParser):
    """Sees that every element is closed, and remembers attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}
        self.links |= {str(value) for name, value in attrs if name in ("href", "src")}
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(kstore: Kstore) -> str:
    """The page of the demo store."""
    ran = kstore("--store", "demo", "report", "--target-release", "1.37")
    assert ran.code == 0
    return ran.text


@pytest.mark.large
def test_the_page(page: str) -> None:
    """Findings and tables, every element closed, nothing from elsewhere."""
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert not outline.attributes & {"src", "onclick"}
    assert all(link.startswith("#") for link in outline.links)
    assert "default-src &#x27;none&#x27;" in page
    assert page.count("Objects stored in a version that is no longer served") == 1, "one heading for all of them"
    assert "<h4>apps/v1beta1 Deployment, removed in 1.16" in page
    assert "deployments.apps" in page


@pytest.mark.large
def test_its_head(page: str, demo: Kstore) -> None:
    """When and by what it was made; how many of each severity, as `check` counts them."""
    assert re.search(rf"<dd>\d{{4}}-\d\d-\d\d \d\d:\d\d UTC by kstore {re.escape(package.__version__)}</dd>", page)
    counts = demo("check", "--target-release", "1.37", "-o", "json").json["counts"]
    found = re.findall(r'<li[^>]*>(?:<a class="\w+" href="#(\w+)">)?(\d+) (error|warning|note)s?', page)
    assert {severity: int(count) for _, count, severity in found} == counts
    for severity, count in counts.items():
        assert (f'<section id="{severity}">' in page) is bool(count)


@pytest.mark.large
def test_stored_versions(page: str, demo: Kstore) -> None:
    """Each resource with each version that its objects are stored in."""
    table = page.partition("<h2>Stored versions</h2>")[2].partition("</table>")[0]
    rows = [tuple(map(unescape, re.findall(r"<td[^>]*>([^<]*)</td>", row)[:3])) for row in table.split("<tr>")[2:]]
    tree = demo("ls", "-o", "json").json["resources"]
    expected = {(version, count) for one in tree for version, count in one["storedVersions"].items()}
    assert {(row[1], int(row[2])) for row in rows} == expected
    assert len(rows) == sum(len(one["storedVersions"]) for one in tree)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder on a port of the loopback interface."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


DRIVER = """<!doctype html><body><iframe id="f" src="page.html" style="width:WIDTHpx;height:2000px"></iframe>
<pre id="out"></pre><script>
const seen = (one) => one.getClientRects().length > 0;
window.addEventListener("load", () => {
  const page = document.getElementById("f").contentDocument, window_ = document.getElementById("f").contentWindow;
  const box = page.querySelector(".search input"), found = {};
  const type = (text) => { box.value = text; box.dispatchEvent(new window_.Event("input")); };
  const count = (what) => [...page.querySelectorAll(what)].filter(seen).length;
  const sections = () => count("section");
  found.width = page.documentElement.scrollWidth;
  found.sections = sections();
  type("deployment"); found.some = sections();
  type("no longer served statefulset"); found.one = [sections(), count("article")];
  type("no such word"); found.none = sections(); type("");
  const table = [...page.querySelectorAll("table")].find((one) => one.textContent.includes("RESOURCE")
    && one.textContent.includes("STORED AS"));
  const head = [...table.querySelectorAll("th button")].find((one) => one.textContent === "OBJECTS");
  const numbers = () => [...table.tBodies[0].rows].map((row) => Number(row.cells[2].textContent.replaceAll(",", "")));
  head.click(); found.up = numbers(); head.click(); found.down = numbers();
  found.sort = head.closest("th").getAttribute("aria-sort");
  const cells = [...page.querySelectorAll("td:not(.text):not(.bar)")];
  found.inside = cells.every((one) => one.getBoundingClientRect().right <= page.documentElement.clientWidth);
  window_.document.dispatchEvent(new window_.KeyboardEvent("keydown", {key: "/", bubbles: true}));
  found.focus = page.activeElement === box;
  found.background = window_.getComputedStyle(page.documentElement).backgroundColor;
  document.getElementById("out").textContent = JSON.stringify(found);
});
</script></body>"""


@pytest.mark.large
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser(page: str, width: int, tmp_path: Path) -> None:
    """Every number is seen without scrolling aside; search, sorting and the keyboard do what they should."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium is installed")
    (tmp_path / "page.html").write_text(page)
    (tmp_path / "driver.html").write_text(DRIVER.replace("WIDTH", str(width)))
    with served(tmp_path) as address:
        command = [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=5000", "--dump-dom", f"{address}/driver.html",
        ]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = json.loads(unescape(ran.stdout.partition('<pre id="out">')[2].partition("</pre>")[0]))
    assert found["width"] <= width
    assert found["inside"]
    assert found["sections"] > found["some"] > found["none"] == 0
    assert found["one"] == [1, 1], "words of the heading and of what is below it"
    assert found["up"] == sorted(found["up"])
    assert found["down"] == sorted(found["up"], reverse=True)
    assert found["sort"] == "descending"
    assert found["focus"]
