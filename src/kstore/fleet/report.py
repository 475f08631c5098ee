"""
The results of a run as rows of one table, as metrics, and as a page.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final
from urllib.parse import quote

from kstore.fleet.child import DONE, Result
from kstore.fleet.tasks import KINDS, RESULT
from kstore.inspect.clock import parse_time
from kstore.printable import escaped
from kstore.view.html_page import ReportEntry, entries_html
from kstore.view.html_page import page as html_page

_FAILURE: Final = {"status": "string", "seconds": "double", "error": "string"}


def columns_of(kind: str) -> dict[str, str]:
    """The columns of a run's table, in order: what was asked, and how it went."""
    return {**KINDS[kind].columns, **_FAILURE}


def rows_of(kind: str, results: Iterable[Result]) -> list[list[Any]]:
    """A row for each row of each result, and one for each store without any."""
    found = []
    for result in results:
        how = {"status": result["status"], "seconds": result["seconds"], "error": result["error"] or None}
        rows = result["rows"] or [{"store": result["address"]}]
        found += [[{**row, **how}.get(name) for name in columns_of(kind)] for row in rows]
    return found


_REASON: Final = 72
_SHORTER: Final = {"below_target": "below"}


def short_columns(kind: str) -> dict[str, str]:
    """The columns that a person looks at first, for a terminal: what was found, or how it went."""
    types = {RESULT: "string", **KINDS[kind].columns}
    return {_SHORTER.get(name, name): types[name] for name in KINDS[kind].short}


def short_rows(kind: str, results: Sequence[Result]) -> list[list[Any]]:
    """
    The rows of these columns: as `rows_of`, and what a store did not answer is empty.

    Of the addresses, the folder that all have in common is left out; of several reasons, all but the first.
    """
    alike = os.path.commonprefix([one["address"] for one in results])  # noqa: RUF071 - no paths, and cut at a slash
    common = alike.rpartition("/")[0]
    start = len(common) + 1 if common and len(results) > 1 else 0
    found = []
    for result in results:
        for row in result["rows"] or [{}]:
            said = row.get("verdict") or result["status"]
            why = _brief(str(row.get("why") or ""), result["address"])
            shown = {**row, "store": result["address"][start:], RESULT: said, "why": why}
            found.append(["" if (value := shown.get(name)) is None else value for name in KINDS[kind].short])
    return found


def _brief(reasons: str, address: str) -> str:
    """The first reason for what was not proved, as far as a line has room; the row's store is not named again."""
    first, more, _ = reasons.replace(f"{address}: ", "").partition("; ")
    cut = len(first) > _REASON
    return first[:_REASON].rstrip() + "…" if cut or more else first


def current(result: Result, name: str) -> Result:
    """
    A result as it is shown: its ages are counted to now, however long ago it was found.

    Args:
        result: of a store's address.
        name: what the store is called; the address itself may permit to read it.
    """
    rows = [{**row, **_age(row), "store": name} for row in result["rows"]]
    return {**result, "address": name, "error": result["error"].replace(result["address"], name), "rows": rows}


def _age(row: dict[str, Any]) -> dict[str, int]:
    newest = parse_time(str(row.get("newest") or ""))
    return {"age_hours": int((datetime.now(UTC) - newest).total_seconds() // 3600)} if newest else {}


def failed(results: Iterable[Result]) -> list[Result]:
    """The results of stores that were not answered."""
    return [one for one in results if one["status"] != DONE]


def something_found(kind: str, results: Iterable[Result]) -> bool:
    """Whether any store has what the question looks for."""
    return any(KINDS[kind].found(row) for one in results for row in one["rows"])


_IDENTITY: Final = ("store", "resource", "stored_version")
"""Labels of every series: what a run finds out may be another the next night, and would end the series."""
_NO_LABELS: Final = ("newest", "why", "file")


def prometheus_text(kind: str, results: Sequence[Result]) -> Iterator[str]:
    """
    Yield the run as metrics in Prometheus' text format.

    A gauge for each number, and one named `…_info`, always 1, whose labels are the text columns.
    """
    columns = KINDS[kind].columns
    rows = [row for one in results for row in one["rows"]]
    texts = [name for name, type_ in columns.items() if type_ == "string" and name not in _NO_LABELS]
    identity = [name for name in texts if name in _IDENTITY]
    for name in (name for name, type_ in columns.items() if type_ == "int64"):
        found = [(row, row[name]) for row in rows if row.get(name) is not None]
        yield from _gauge(f"kstore_fleet_{kind}_{name}", identity, found)
    if texts != identity:
        yield from _gauge(f"kstore_fleet_{kind}_info", texts, [(row, 1) for row in rows])
    answered = [({"store": one["address"]}, int(one["status"] == DONE)) for one in results]
    yield from _gauge("kstore_fleet_up", ["store"], answered)


def _gauge(metric: str, labels: Sequence[str], values: Iterable[tuple[dict[str, Any], int]]) -> Iterator[str]:
    yield f"# TYPE {metric} gauge\n"
    for row, value in values:
        said = ",".join(f'{label}="{_label(row.get(label))}"' for label in labels)
        yield f"{metric}{{{said}}} {value}\n"


def _label(value: Any) -> str:
    return str(value or "").replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


# ---- the page

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8885; --bad: light-dark(#b32020, #ff8080);
  --warn: light-dark(#8a5a00, #f0b040); --good: light-dark(#1d6b34, #7fd399); --head: light-dark(#fff, #1b1b1b); }
label { margin-right: .5rem; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; padding: 0 1rem; max-width: 100rem; }
input { font: inherit; padding: .35rem .6rem; width: min(100%, 28rem); }
.wide { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
th { position: sticky; top: 0; background: var(--head); }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible, input:focus-visible { outline: 2px solid; outline-offset: 2px; }
td[data-name=error] { white-space: normal; overflow-wrap: anywhere; min-width: 24rem; }
tr[data-status=failed] td, tr[data-status=timeout] td, tr[data-status=lost] td, .errors { color: var(--bad); }
.warnings { color: var(--warn); } .clean, .proved { color: var(--good); }
@media (max-width: 40rem) {
  thead { display: none; } tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  td, td.number { display: flex; gap: 1rem; border: 0; padding: .05rem 0; white-space: normal; text-align: left;
    overflow-wrap: anywhere; }
  td[data-name=error] { min-width: 0; }
  td::before { content: attr(data-name); flex: 0 0 8.5rem; opacity: .7; } td:empty { display: none; } }
"""
_SCRIPT: Final = """
const body = document.querySelector("tbody"), search = document.querySelector("input");
const shown = document.querySelector("output");
function filter() {
  let count = 0;
  for (const row of body.rows) {
    row.hidden = !row.textContent.toLowerCase().includes(search.value.toLowerCase());
    count += !row.hidden;
  }
  shown.textContent = count + " of " + body.rows.length;
}
search.addEventListener("input", filter);
document.querySelectorAll("th button").forEach((button, at) => button.addEventListener("click", () => {
  const head = button.closest("th"), down = head.getAttribute("aria-sort") === "ascending";
  document.querySelectorAll("th").forEach(one => one.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const text = row => row.cells[at].textContent;
  const order = (a, b) => text(a).localeCompare(text(b), "en", {numeric: true});
  [...body.rows].sort((a, b) => down ? order(b, a) : order(a, b)).forEach(row => body.append(row));
}));
filter();
"""


_KEYS: Final = 100
"""Places of a finding that a page names."""
_FIRST: Final = ("store", "verdict", "status", "error", "errors", "warnings", "notes", "below_target", "age_hours")
"""The columns that a page begins with, as it may be wider than the screen."""


def has_pages(kind: str) -> bool:
    """Whether each store has a page of its own beside that of the fleet."""
    return kind == "check"


def page_name(address: str) -> str:
    """The file of a store's own page: the same for each run."""
    return f"{hashlib.sha256(address.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.html"


def store_page(result: Result, worded: Callable[[str], str] = str) -> Iterator[str]:
    """
    Yield the page of one store: what its row says, and every finding with its places and what to do.

    Args:
        result: the store's.
        worded: how a hint of the library is said to whoever reads it.
    """
    row = result["rows"][0] if result["rows"] else {}
    facts = [(name, str(row[name])) for name in KINDS["check"].columns if row.get(name) not in (None, "")]
    how = [("status", result["status"]), *([("error", result["error"])] if result["error"] else [])]
    entries = [
        ReportEntry(
            one["severity"], one["title"], one["why"], f"{one['subject']} ({one['count']:,})",
            tuple(f"{key['key']}: {key['detail']}".rstrip(": ") for key in one["keys"][:_KEYS]),
            tuple(filter(None, (one["command"],))), tuple(filter(None, (worded(one["hint"]),))),
        )
        for one in row.get("findings", ())
    ]  # fmt: skip
    parts = entries_html("Findings", entries) if entries else iter(["<p>Nothing found.</p>\n"] if row else [])
    counts = Counter(entry.style for entry in entries)
    styles = {style: counts[style] for style in ("error", "warning", "note")} if row else {}
    yield from html_page(escaped(result["address"]), [*how, *facts], styles, parts)


def page(kind: str, results: Sequence[Result], pages: str = "") -> Iterator[str]:
    """
    Yield one self-contained HTML page: a table that can be sorted and searched, without outside content.

    Args:
        kind: what was asked.
        results: of every store.
        pages: the folder, as seen from the page, of the stores' own; empty where there are none.
    """
    types = columns_of(kind)
    names = sorted(types, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    failures = len(failed(results))
    title = f"{len(results)} stores: {kind}"
    yield f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    yield f"<p>{len(results) - failures} answered, {failures} did not.</p>\n"
    yield '<label>Search <input type="search" autofocus></label> <output></output>\n'
    yield '<div class="wide"><table>\n<thead><tr>'
    yield "".join(f'<th scope="col"><button type="button">{escape(name)}</button></th>' for name in names)
    yield "</tr></thead>\n<tbody>\n"
    for row in rows_of(kind, results):
        values = dict(zip(types, row, strict=True))
        values["error"] = (values["error"] or "").replace(f"{values['store']}: ", "", 1)  # it stands beside
        cells = "".join(_cell(name, types[name] != "string", values[name], pages) for name in names)
        yield f'<tr data-status="{escape(str(values["status"]))}">{cells}</tr>\n'
    yield f"</tbody>\n</table></div>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"


def _cell(name: str, number: bool, value: Any, pages: str) -> str:
    text = "" if value is None else escaped(value if isinstance(value, str) else json.dumps(value))
    style = "number" if number else text if name == "verdict" and text.isalpha() else ""
    kind = f' class="{escape(style)}"' if style else ""
    shown = escape(text)
    if pages and name == "store":
        shown = f'<a href="{escape(quote(pages))}/{page_name(value)}">{shown}</a>'
    return f'<td data-name="{escape(name)}"{kind}>{shown}</td>'
