"""
The page of a fleet in Chromium: it is searched and sorted by its own script, and fits a narrow screen.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from tests.fleet.test_report import BAD, GOOD

from kstore.fleet.report import page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
STEPS = """
<pre id="seen"></pre>
<script>
const seen = {}, rows = () => [...document.querySelectorAll("tbody tr")];
const names = () => rows().filter(row => !row.hidden).map(row => row.cells[0].textContent);
const head = name => [...document.querySelectorAll("th")].find(one => one.textContent === name);
seen.first = names();
head("objects").querySelector("button").click();
seen.up = names(); seen.sort = head("objects").getAttribute("aria-sort");
head("objects").querySelector("button").click();
seen.down = names();
search.value = "EVIL"; search.dispatchEvent(new Event("input"));
seen.found = names(); seen.output = document.querySelector("output").textContent;
seen.wide = document.documentElement.scrollWidth > innerWidth;
if (innerWidth < 600) document.documentElement.style.width = "390px";  // a window of Chromium's has 500 at least
const table = document.querySelector(".wide");
seen.cut = table.scrollWidth > table.clientWidth;
seen.dark = matchMedia("(prefers-color-scheme: dark)").matches;
seen.focusable = document.querySelectorAll("th button:not([tabindex='-1'])").length;
document.getElementById("seen").textContent = JSON.stringify(seen);
</script>
"""


def shown(folder: Path, width: int) -> dict[str, Any]:
    """What the script of a test saw on the page."""
    bad = {**BAD, "error": "damaged-store: the database has 1,425,408 bytes, the file only 851,968 (byte 851968)"}
    small = {**GOOD, "address": "b.db", "rows": [{**GOOD["rows"][0], "store": "b.db", "objects": 20}]}
    text = "".join(page("check", [GOOD, small, bad]))
    (folder / "fleet.html").write_text(text.replace("</body>", f"{STEPS}</body>"), encoding="utf-8")
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},800", "--dump-dom", (folder / "fleet.html").as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.S)
    assert found is not None, done.stderr
    seen: dict[str, Any] = json.loads(unescape(found[1]))
    return seen


@pytest.mark.large
@pytest.mark.parametrize("width", [1280, 390])
def test_search_and_sort(width: int, tmp_path: Path) -> None:
    """Numbers sort as numbers, a search hides the other rows, and the page itself is never wider than the screen."""
    seen = shown(tmp_path, width)
    assert seen["first"][:2] == ["a.db", "b.db"]
    assert [name for name in seen["up"] if name.endswith(".db")] == ["a.db", "b.db"]
    assert [name for name in seen["down"] if name.endswith(".db")] == ["b.db", "a.db"]
    assert seen["sort"] == "ascending"
    assert len(seen["found"]) == 1
    assert seen["output"] == "1 of 3"
    assert not seen["wide"]
    assert not (width == 390 and seen["cut"])
    assert seen["focusable"] > 10
