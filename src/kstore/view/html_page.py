"""
One self-contained HTML page: tables of figures and lists, in light and dark, without scripts or outside content.

Takes values and escapes them all; knows nothing of what they say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from kstore.view.bar_table import FigureTable

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #4a7bd0; --error: light-dark(#b32020, #ff8080);
  --warning: light-dark(#8a5a00, #f0b040); --note: light-dark(#1f6090, #7ab8e8); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { overflow-wrap: anywhere; line-height: 1.3; }
table { border-collapse: collapse; width: 100%; margin-bottom: 1.5rem; }
th, td { text-align: right; white-space: nowrap; padding: .2rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
th.text, td.text { text-align: left; white-space: normal; overflow-wrap: break-word; min-width: 8rem; }
td.bar { width: 20%; min-width: 4rem; }
td.bar div { background: var(--bar); height: .8rem; border-radius: 2px; min-width: 1px; }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
.error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
section { margin-bottom: 1.5rem; } dt { font-weight: 600; } dd { margin: 0 0 .3rem 1rem; }
@media (max-width: 50rem) { table { display: block; overflow-x: auto; } }
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of a list: a heading in a style, why it matters, places, and what to do."""

    style: str
    title: str
    why: str
    places: tuple[str, ...]
    steps: tuple[str, ...]


def page(title: str, facts: Iterable[tuple[str, str]], parts: Iterable[str]) -> Iterator[str]:
    """Yield the page: a title, facts about it, and parts that are HTML already."""
    yield f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n<dl>\n"
    for name, value in facts:
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n"
    yield "</dl>\n"
    yield from parts
    yield "</body>\n</html>\n"


def table_html(table: FigureTable) -> Iterator[str]:
    """Yield a table with its bars."""
    yield f"<h2>{escape(table.title)}</h2>\n"
    if not table.rows:
        yield f"<p>{escape(table.empty)}</p>\n"
        return
    bars = any(share is not None for _, share in table.rows)
    yield f"<table>\n<tr>{''.join(_cell('th', at, text, table) for at, text in enumerate(table.headings))}"
    yield f"{'<th></th>' if bars else ''}</tr>\n"
    for cells, share in table.rows:
        yield f"<tr>{''.join(_cell('td', at, text, table) for at, text in enumerate(cells))}"
        if bars:
            width = 100 * min(max(share or 0.0, 0.0), 1.0)
            drawn = f'<div style="width: {width:.1f}%"></div>' if share else ""
            yield f'<td class="bar">{drawn}</td>'
        yield "</tr>\n"
    yield "</table>\n"
    if table.note:
        yield f"<p>{escape(table.note)}</p>\n"


def entries_html(title: str, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield a list of things found."""
    yield f"<h2>{escape(title)}</h2>\n"
    for one in entries:
        yield f'<section><h3 class="{escape(one.style)}">{escape(one.style)}: {escape(one.title)}</h3>\n'
        yield f"<p>{escape(one.why)}</p>\n<ul>\n"
        for place in one.places:
            yield f"<li><code>{escape(place)}</code></li>\n"
        yield "</ul>\n"
        for step in one.steps:
            yield f"<p>→ <code>{escape(step)}</code></p>\n"
        yield "</section>\n"


def _cell(tag: str, at: int, text: str, table: FigureTable) -> str:
    is_text = at == 0 or at in table.text_columns
    kind = ' class="text"' if is_text else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"
