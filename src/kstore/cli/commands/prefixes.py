"""`kstore prefixes`: the clusters that share one etcd, each with what is below its prefix."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

from kstore.cli.listing import write
from kstore.cli.options import output_option, store_options
from kstore.cli.session import open_session
from kstore.cli.standard_output import counting, show, terminal
from kstore.cli.unreadable import Unreadable

if TYPE_CHECKING:
    from kstore.inspect.clusters import Cluster

_VERSIONS_SHOWN = 3
_TEXT_COLUMNS = frozenset({1, 6, 8})


@click.command()
@output_option(("table", "json"), "table")
@store_options
def command(output: str) -> int:
    """
    List the clusters that share one etcd, such as tenants or virtual clusters: the prefix of each (for --etcd-prefix),
    its number of objects, size and versions. Keys that belong to no cluster are counted below.

    \b
    kstore prefixes
    kstore prefixes -o json
    kstore --etcd-prefix /tenant-a ls
    """
    from kstore.inspect.clusters import clusters_of, keys_of_others

    unreadable = Unreadable()
    with open_session() as session:
        with counting("objects", lambda: session.source.count()) as progress:
            found = clusters_of(session.store, progress=progress, unreadable=unreadable.note)
        others = Counter[str]() if session.given.etcd_prefix else keys_of_others(session.store, found)
    if output == "json":
        from kstore.view.json_text import to_json

        write([to_json({"clusters": [one.as_document() for one in found], "others": dict(others.most_common())})])
    else:
        show(_text(found, others))
    return unreadable.summarize()


def _text(found: list[Cluster], others: Counter[str]) -> list[str]:
    from kstore.view.bar_table import FigureTable, fields_text, figure_table_text

    screen = terminal()
    headings = (
        "PREFIX",
        "LAYOUT",
        "OBJECTS",
        "SIZE",
        "RESOURCES",
        "NAMESPACES",
        "ENCRYPTED BY",
        "UNREADABLE",
        "STORED AS",
    )
    total = sum(one.size for one in found)
    title = f"{len(found)} cluster{'s' * (len(found) != 1)}"
    rows = [(_cells(one), one.size / total if total and len(found) > 1 else None) for one in found]
    lines = list(figure_table_text(FigureTable(title, headings, rows, _TEXT_COLUMNS), screen))
    if screen.width < max(map(len, "".join(lines).splitlines())) and sys.stdout.isatty():
        lines = [f"{title}\n"]
        for cells, _ in rows:
            lines += [*fields_text(zip(map(str.lower, headings), cells, strict=True)), "\n"]
    if others:
        counts = [((name, f"{count:,}"), None) for name, count in others.most_common()]
        lines += figure_table_text(FigureTable("keys of others", ("BELOW", "KEYS"), counts), screen)
    return lines


def _cells(one: Cluster) -> tuple[str, ...]:
    from kstore.view.tree_text import human_size

    encrypted = ", ".join(f"{name}: {count:,}" for name, count in one.encryption.most_common())
    return (
        " and ".join(one.prefixes), one.layout.name, f"{one.objects:,}", human_size(one.size), f"{len(one.branches):,}",
        f"{len(one.namespaces):,}", encrypted or "-", f"{one.undecodable:,}", _versions(one.versions),
    )  # fmt: skip


def _versions(versions: Counter[str]) -> str:
    shown = [f"{name}: {count:,}" for name, count in versions.most_common(_VERSIONS_SHOWN)]
    more = len(versions) - len(shown)
    return ", ".join(shown + ([f"{more} more"] if more > 0 else [])) or "-"
