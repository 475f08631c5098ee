"""`kstore analyze`: what fills the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from kstore.cli.analysis_tables import store_lines, tables
from kstore.cli.hints import option_of
from kstore.cli.listing import write
from kstore.cli.options import output_option, selection_options, store_options
from kstore.cli.session import Session, open_session
from kstore.cli.standard_output import counting, terminal
from kstore.cli.unreadable import Unreadable
from kstore.errors import UsageError

if TYPE_CHECKING:
    from kstore.inspect.analysis import Analysis
    from kstore.selection import Criteria


@click.command()
@click.argument("what", nargs=-1, metavar="[PATH or RESOURCE]...")
@selection_options
@click.option("--top", default=10, type=click.IntRange(0), show_default=True, help="Rows of each table; 0 shows all.")
@click.option("--history/--no-history", default=True, help="Count the history, too: churn, replaced values.")
@output_option(("table", "json", "prometheus"), "table")
@store_options
def command(criteria: Criteria, top: int, history: bool, output: str) -> int:
    """
    Show what takes the space: live objects, history, tombstones, free pages, and the quota; by resource, namespace and
    field manager; the largest objects and their large fields; the keys that change most; leases.

    \b
    kstore analyze --top 20
    kstore analyze deploy,rs -n shop --no-history
    kstore --store backup.db analyze -o json
    kstore analyze -o prometheus > /var/lib/node_exporter/kstore.prom
    """
    from kstore.inspect.analysis import Analyzer

    is_whole = not criteria.what and not criteria.namespace and not criteria.filters
    if output == "prometheus" and not is_whole:
        given = (*map(option_of, criteria.given), *criteria.what)[0]
        raise UsageError(
            f"-o prometheus has no use for {given}: metrics are of a whole store", hint="-o json has those of a part"
        )
    unreadable = Unreadable()
    with (
        open_session(one_revision=False) as session,
        counting("records read", lambda: session.source.count()) as progress,
    ):
        has_key = None if is_whole else _selected_keys(session, criteria, unreadable)
        analyzer = Analyzer(session.store, top=top, progress=progress, unreadable=unreadable.note, has_key=has_key)
        found = analyzer.run(history=history)
        if output == "json":
            from kstore.inspect.analysis_forms import as_document
            from kstore.view.json_text import to_json

            write([to_json(as_document(found))])
        elif output == "prometheus":
            from kstore.inspect.analysis_forms import as_prometheus

            write(as_prometheus(found))
        else:
            write(_text(found, top))
        return unreadable.summarize()


def _selected_keys(session: Session, criteria: Criteria, unreadable: Unreadable) -> Callable[[bytes], bool]:
    """
    Which keys are meant: by where they are, and, where conditions ask about objects, by those that live now.

    Raises:
        NotFound: none.
    """
    from kstore.codec import Undecodable
    from kstore.selection import Selection

    selection = Selection.either(session.store, criteria)
    if not selection.filter:
        return selection.has_key
    keys = set()
    for read in selection.reads(selection.filter.projection):
        if isinstance(read, Undecodable):
            unreadable.note(read)
        else:
            keys.add(read.record.key)
    return keys.__contains__


def _text(found: Analysis, top: int) -> Iterator[str]:
    from kstore.view.bar_table import fields_text, figure_table_text

    screen = terminal()
    yield screen.styled(found.status.location, "bold") + "\n"
    yield from fields_text(store_lines(found))
    yield "\n"
    for table in tables(found, top):
        yield from figure_table_text(table, screen)
