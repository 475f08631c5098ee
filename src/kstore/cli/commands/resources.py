"""`kstore resources`: the RESTMapper as a table, built-in kinds and those of the store at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from kstore.cli.known_resources import Known, explained
from kstore.cli.listing import write
from kstore.cli.options import Once, output_option, store_options
from kstore.cli.session import open_session
from kstore.cli.standard_output import show
from kstore.errors import UsageError

if TYPE_CHECKING:
    from kstore.catalog.mapper import NamedResource


@click.command()
@click.argument("what", nargs=-1, metavar="[explain] [RESOURCE or KEY]...")
@click.option("--all", "every", is_flag=True, help="Also resources that only other releases have.")
@click.option("--built-in", is_flag=True, help="Only built-in resources: no store is opened.")
@click.option("--api-group", metavar="GROUP", help="Only of this group; '' is the core group.")
@click.option("--namespaced/--no-namespaced", default=None, help="Only those with namespaces, or without.")
@click.option("--categories", cls=Once, metavar="NAMES", help="Only of these categories: all,api-extensions.")
@click.option("--sort-by", type=click.Choice(["", "name", "kind"]), default="", help="In this order.")
@output_option(("table", "wide", "name", "json", "jsonl"), "table")
@click.option("--no-headers", is_flag=True, help="Leave out the header line.")
@store_options
def command(
    what: tuple[str, ...], every: bool, built_in: bool, api_group: str | None, namespaced: bool | None,
    categories: str, sort_by: str, output: str, no_headers: bool,
) -> int:  # fmt: skip
    """
    Show resources, their keys in etcd and their storage versions: built-in ones of the release, those of the store's
    CRDs, and those known only from their keys. Without a store, show the built-in ones.

    \b
    kstore resources                                    the table; -o wide has since when, and how long
    kstore resources --release 1.24 --all -o json       as a document
    kstore resources deploy ingress                     only these
    kstore resources explain /registry/minions/node-a   from a key to its resource
    kstore resources explain deploy                     from a resource to its keys
    """
    with open_session() as session:
        known = Known(session, built_in=built_in)
        if what[:1] == ("explain",):
            if api_group is not None or namespaced is not None or categories or sort_by:
                raise UsageError("`resources explain` shows what is named, and selects nothing")
            return _explain(known, what[1:], output)
        from kstore.view.resource_text import is_served

        rows = known.named(what) if what else known.all()
        catalog = session.scheme.catalog
        shown = [one for one in rows if every or what or is_served(one, catalog)]
        wanted = set(filter(None, categories.split(",")))
        chosen = [
            one
            for one in shown
            if api_group in (None, one.group) and namespaced in (None, one.namespaced) and wanted <= set(one.categories)
        ]
        if sort_by:
            chosen.sort(key=lambda one: one.kind if sort_by == "kind" else one.resource)
        (show if output in ("table", "wide") else write)(_printed(known, chosen, output, headers=not no_headers))
        return 0


def _printed(known: Known, rows: list[NamedResource], output: str, *, headers: bool) -> Iterator[str]:
    from kstore.view.json_text import to_json, to_json_line
    from kstore.view.resource_text import resource_json, resource_table

    catalog = known.session.scheme.catalog
    if output == "json":
        document = {"release": str(catalog.release), "prefix": known.prefix}
        yield to_json({**document, "resources": [resource_json(one, catalog) for one in rows]})
    elif output == "jsonl":
        yield from (to_json_line(resource_json(one, catalog)) for one in rows)
    elif output == "name":
        yield from (f"{one.resource}.{one.group}".rstrip(".") + "\n" for one in rows)
    else:
        lines = resource_table(rows, catalog, wide=output == "wide")
        if not headers:
            next(lines)
        yield from lines


def _explain(known: Known, what: tuple[str, ...], output: str) -> int:
    if not what:
        raise UsageError("a resource, kind or key is required", hint="kstore resources explain RESOURCE, KIND or KEY")
    write(explained(known, what, as_json=output in ("json", "jsonl")))
    return 0
