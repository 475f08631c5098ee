"""
One self-contained HTML page: tables of figures and lists, in light and dark, without outside content.

Takes values and escapes them all; knows nothing of what they say. The one script searches and sorts what is there; a
policy in the page forbids any other.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from itertools import groupby

from kstore.view.bar_table import FigureTable

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #4a7bd0; --error: light-dark(#b32020, #ff8080);
  --warning: light-dark(#8a5a00, #f0b040); --note: light-dark(#1f6090, #7ab8e8); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3, h4 { overflow-wrap: anywhere; line-height: 1.3; }
h3 { margin-bottom: .3rem; } h3 + p { margin-top: 0; } h4 { margin-bottom: .3rem; }
article ul, article p { margin: .2rem 0; } article { margin-left: 1rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: 1.5rem; }
th, td { text-align: right; white-space: nowrap; padding: .2rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
th.text, td.text { text-align: left; white-space: normal; overflow-wrap: break-word; min-width: 8rem; }
td.bar { width: 20%; min-width: 3rem; }
th button { all: unset; cursor: pointer; font: inherit; } th button:focus-visible { outline: 2px solid var(--bar); }
th[aria-sort=ascending] button::after { content: " ↑"; } th[aria-sort=descending] button::after { content: " ↓"; }
.counts { display: flex; flex-wrap: wrap; gap: .6rem; padding: 0; list-style: none; }
.counts a { display: block; padding: .3rem .8rem; border: 1px solid currentColor; border-radius: 4px; }
.counts a { text-decoration: none; }
.search { position: sticky; top: 0; padding: .4rem 0; background: Canvas; }
.search input { font: inherit; width: 100%; box-sizing: border-box; padding: .3rem .6rem; }
.treemap { position: relative; height: 18rem; margin-bottom: 1.5rem; overflow: hidden; }
.treemap div { position: absolute; box-sizing: border-box; overflow: hidden; padding: .1rem .3rem; font-size: .75rem;
  line-height: 1.3; white-space: nowrap; text-overflow: ellipsis;
  border: 1px solid Canvas; background: light-dark(hsl(var(--hue) 45% 80%), hsl(var(--hue) 35% 28%)); }
[hidden] { display: none; }
td.bar div { background: var(--bar); height: .8rem; border-radius: 2px; min-width: 1px; }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
.error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
section { margin-bottom: 1.5rem; } dt { font-weight: 600; } dd { margin: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
@media (max-width: 40rem) {
  body { margin: 1rem auto; font-size: 14px; } th, td { padding: .2rem .3rem; white-space: normal; }
  body, th { overflow-wrap: anywhere; } td { overflow-wrap: normal; } th.text, td.text { min-width: 0; }
  td.text { overflow-wrap: anywhere; } td.bar { display: none; } th.bar { display: none; }
}
"""
_SCRIPT = """
const box = document.querySelector(".search input");
const rows = [...document.querySelectorAll("article, tbody tr")];
const groups = [...document.querySelectorAll("section")];
const search = () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const row of rows) {
    const heading = row.closest("section")?.querySelector("h3").textContent ?? "";
    const text = (heading + " " + row.textContent).toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
  for (const group of groups) group.hidden = !group.querySelector("article:not([hidden])");
};
box.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== box) { event.preventDefault(); box.focus(); }
  if (event.key === "Escape" && document.activeElement === box) { box.value = ""; search(); box.blur(); }
});
const units = {B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40};
const amount = (text) => {
  const match = text.replaceAll(",", "").match(/^(-?[\\d.]+)\\s*(B|KiB|MiB|GiB|TiB|%)?$/);
  return match ? Number(match[1]) * (units[match[2]] ?? 1) : null;
};
const order = (left, right) => {
  const [a, b] = [amount(left), amount(right)];
  if (a !== null && b !== null) return a - b;
  return a !== null ? -1 : b !== null ? 1 : left.localeCompare(right);
};
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), body = button.closest("table").tBodies[0];
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const cell = (row) => row.cells[head.cellIndex].textContent.trim();
    const sorted = [...body.rows].sort((left, right) => order(cell(left), cell(right)) * (down ? -1 : 1));
    body.append(...sorted);
  });
}
if (location.hash.startsWith("#find=")) { box.value = decodeURIComponent(location.hash.slice(6)); search(); }
"""
_HASH = b64encode(sha256(_SCRIPT.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_HASH}'"


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """
    One thing of a list. What follows one another with the same title stands below one heading.

    Args:
        style: of the heading.
        title: what is the case.
        why: why it matters.
        subject: what it is the case of.
        places: where.
        commands: what to do, to be pasted.
        remarks: the same in words.
    """

    style: str
    title: str
    why: str
    subject: str
    places: tuple[str, ...]
    commands: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def page(
    title: str, facts: Iterable[tuple[str, str]], counts: Mapping[str, int], parts: Iterable[str]
) -> Iterator[str]:
    """
    Yield the page.

    Args:
        title: stands above all.
        facts: names and values about it.
        counts: how many entries there are of each style; each leads to the first of them.
        parts: HTML already.
    """
    yield f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    chips = (
        f'<li><a class="{style}" href="#{style}">{count:,} {style}{"s" * (count != 1)}</a></li>' if count
        else f'<li class="{style}">0 {style}s</li>' for style, count in counts.items()
    )  # fmt: skip
    yield f'<ul class="counts">{"".join(chips)}</ul>\n<dl>\n'
    for name, value in facts:
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n"
    yield "</dl>\n"
    yield '<div class="search"><input type="search" aria-label="Search" placeholder="Search (/)"></div>\n'
    yield from parts
    yield f"<script>{_SCRIPT}</script>\n</body>\n</html>\n"


def table_html(table: FigureTable) -> Iterator[str]:
    """Yield a table with its bars."""
    yield f"<h2>{escape(table.title)}</h2>\n"
    if not table.rows:
        yield f"<p>{escape(table.empty)}</p>\n"
        return
    bars = any(share is not None for _, share in table.rows)
    yield f"<table>\n<thead><tr>{''.join(_cell('th', at, text, table) for at, text in enumerate(table.headings))}"
    yield '<th class="bar"></th>' if bars else ""
    yield "</tr></thead>\n<tbody>\n"
    for cells, share in table.rows:
        yield f"<tr>{''.join(_cell('td', at, text, table) for at, text in enumerate(cells))}"
        if bars:
            width = 100 * min(max(share or 0.0, 0.0), 1.0)
            drawn = f'<div style="width: {width:.1f}%"></div>' if share else ""
            yield f'<td class="bar">{drawn}</td>'
        yield "</tr>\n"
    yield "</tbody>\n</table>\n"
    if table.note:
        yield f"<p>{escape(table.note)}</p>\n"


def entries_html(title: str, entries: Iterable[ReportEntry]) -> Iterator[str]:
    """Yield a list of things found, a section for each title."""
    yield f"<h2>{escape(title)}</h2>\n"
    seen: set[str] = set()
    for (style, heading, why), alike in groupby(entries, lambda one: (one.style, one.title, one.why)):
        name = f' id="{escape(style)}"' if style not in seen else ""
        seen.add(style)
        yield f'<section{name}><h3 class="{escape(style)}">{escape(style)}: {escape(heading)}</h3>\n'
        yield f"<p>{escape(why)}</p>\n"
        for one in alike:
            yield from _entry_html(one)
        yield "</section>\n"


def _entry_html(one: ReportEntry) -> Iterator[str]:
    yield f"<article><h4>{escape(one.subject)}</h4>\n<ul>\n"
    for place in one.places:
        yield f"<li><code>{escape(place)}</code></li>\n"
    yield "</ul>\n"
    for command in one.commands:
        yield f"<p>→ <code>{escape(command)}</code></p>\n"
    for remark in one.remarks:
        yield f"<p>→ {escape(remark)}</p>\n"
    yield "</article>\n"


def _cell(tag: str, at: int, text: str, table: FigureTable) -> str:
    is_text = at == 0 or at in table.text_columns
    kind = ' class="text"' if is_text else ""
    inner = f'<button type="button">{escape(text)}</button>' if tag == "th" and text else escape(text)
    return f"<{tag}{kind}>{inner}</{tag}>"
