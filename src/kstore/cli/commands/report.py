"""`kstore report`: what fills a store and what is wrong with it, as one HTML page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

import click

from kstore.cli.analysis_tables import store_lines, tables
from kstore.cli.hints import worded
from kstore.cli.listing import write
from kstore.cli.options import store_options
from kstore.cli.session import open_session
from kstore.cli.settings import settings
from kstore.cli.standard_output import counting
from kstore.cli.unreadable import Unreadable

if TYPE_CHECKING:
    from kstore.inspect.findings import Finding
    from kstore.tree import Branch
    from kstore.view.bar_table import FigureTable
    from kstore.view.html_page import ReportEntry


@click.command()
@click.option("--target-release", default="", metavar="R", help="The release that the store is checked against.")
@click.option("--top", default=20, type=click.IntRange(0), show_default=True, help="Rows of each table; 0 shows all.")
@click.option(
    "--keys", default=20, type=click.IntRange(0), show_default=True, help="Keys to show for each finding; 0 shows all."
)
@store_options
def command(target_release: str, top: int, keys: int) -> int:
    """
    Write the results of `analyze` and `check` as one self-contained HTML page. It contains no values of objects.

    \b
    kstore --store backup.db report > report.html
    """
    from kstore.inspect.analysis import Analyzer
    from kstore.inspect.checks import run_checks
    from kstore.inspect.findings import SEVERITIES
    from kstore.inspect.survey import Survey
    from kstore.tree import tree
    from kstore.view.html_page import entries_html, page, table_html
    from kstore.view.tree_text import human_size
    from kstore.view.treemap import treemap_html

    if target_release:
        settings().release = target_release
    unreadable = Unreadable()
    with (
        open_session(remembers=False) as session,
        counting("records read", lambda: session.source.count()) as progress,
    ):
        found = Analyzer(session.store, top=top, progress=progress, unreadable=unreadable.note).run()
        findings = run_checks(Survey(session.store, session.release), progress=progress, worded=worded)
        title = f"Checked against {session.release}: {len(findings) or 'nothing'} found"
        filled = [(one.name, float(one.live_bytes), human_size(one.live_bytes)) for one in found.resources]
        parts = chain(
            treemap_html("What fills the store", filled),
            entries_html(title, _entries(findings, keys)),
            table_html(_versions(tree(session.store))),
            chain.from_iterable(table_html(table) for table in tables(found, top)),
        )
        facts = chain(_origin(), store_lines(found))
        counts = {name: sum(one.rule.severity == name for one in findings) for name in SEVERITIES}
        write(page(found.status.location, facts, counts, parts))
        return unreadable.summarize()


def _origin() -> Iterator[tuple[str, str]]:
    """When the page was made, and by what."""
    from kstore import __version__

    yield "made", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC by kstore {__version__}"


def _versions(branches: list[Branch]) -> FigureTable:
    """How many objects of each resource are stored in which version."""
    from kstore.view.bar_table import FigureTable
    from kstore.view.tree_text import name_of

    rows = [
        ((name_of(branch), version, f"{count:,}"), count / branch.count)
        for branch in branches
        for version, count in sorted(branch.versions.items())
    ]
    return FigureTable("Stored versions", ("RESOURCE", "STORED AS", "OBJECTS"), rows, frozenset({1}))


def _entries(findings: list[Finding], keys: int) -> Iterator[ReportEntry]:
    from kstore.view.html_page import ReportEntry

    for one in findings:
        places = [f"{key}: {detail}" if detail else key for key, detail in one.keys[: keys or None]]
        if one.count > len(places):
            places.append(f"and {one.count - len(places):,} more")
        rule, subject = one.rule, f"{one.subject} ({one.count:,})"
        commands = tuple(map(shlex.join, one.advice))
        yield ReportEntry(rule.severity, rule.title, rule.why, subject, tuple(places), commands, one.remarks)
