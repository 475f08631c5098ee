"""`kstore ls`: the tree of what is stored, or the objects of resources or below a key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.forms import FORMS_OF_LS, masks
from kstore.cli.listing import TABLES, Reading, as_pieces, hides_nothing, serving, write
from kstore.cli.listing_forms import TREE, needed, refuse_unused, say_if_nothing, write_keys
from kstore.cli.options import (
    Once,
    as_served_option,
    limit_option,
    output_option,
    selection_options,
    shown_options,
    sort_option,
    store_options,
    table_options,
    template_options,
)
from kstore.cli.session import Session, open_session
from kstore.cli.standard_output import counting, show
from kstore.cli.tables import print_tables, table_choice
from kstore.cli.unreadable import Unreadable
from kstore.naming import parse_group_version

if TYPE_CHECKING:
    from kstore.selection import Criteria

_TREES = ("table", "wide", "json")
"""The outputs that show the tree where nothing is selected."""


@click.command()
@click.argument("what", nargs=-1, metavar="[PATH or RESOURCE]...")
@selection_options
@click.option("--as", "version", cls=Once, metavar="GROUP/VERSION", help="Convert to this version first.")
@as_served_option
@sort_option
@limit_option
@output_option(FORMS_OF_LS, "table", expressions=True)
@template_options
@table_options
@shown_options
@store_options
def command(
    criteria: Criteria, version: str, as_served: bool, sort_by: str, limit: int | None, output: str,
    allow_missing_template_keys: bool | None, show_secrets: bool, show_managed_fields: bool, **table: Any,
) -> int:  # fmt: skip
    """
    List objects: below a key (/registry/pods), of a resource (pods, po, deploy.apps), or of a category (all). Without
    arguments, show the tree of groups, resources and namespaces, with counts, stored versions and sizes. With a
    selection only (-n, -l, --field-selector, --stored-version, --where), list all objects that match.

    \b
    kstore ls                          what is in the store
    kstore ls /registry/pods           the objects below a key
    kstore ls -n shop                  all objects of a namespace
    kstore ls deploy -n shop -o wide   as kubectl would list them
    kstore ls deploy --where 'spec.replicas > 1 && stored.version != "apps/v1"'
    kstore ls pods -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'

    Conditions apply to objects as they are stored, also with --as. A field that the type does not have is an
    error, as in the apiserver. For a custom resource, --field-selector takes the selectableFields of its CRD;
    for a built-in type, it takes every field.
    """
    from kstore.selection import Selection

    is_tree = not criteria.what and not criteria.namespace and not criteria.filters and output in _TREES
    refuse_unused(TREE if is_tree else output, {
        "as": version, "as_served": as_served, "sort_by": sort_by, "limit": limit, **table,
        "allow_missing_template_keys": allow_missing_template_keys is not None,
    })  # fmt: skip
    with open_session() as session:
        if is_tree:
            return _tree(session, output)
        selection = Selection.listed(session.store, criteria)
        reading = Reading(
            session.store,
            parse_group_version(version) if version else None,
            secrets=show_secrets,
            managed_fields=show_managed_fields or hides_nothing(output),
            names=output == "name",
            human=masks(output),
            serving=serving(session.store) if as_served else None,
            limit=limit,
        )
        if output == "keys":
            write_keys(reading, selection, sort_by)
        else:
            projection = needed(output, selection, whole=bool(version or as_served or sort_by))
            stored = reading.in_order(reading.readable(selection.reads(projection)), sort_by)
            if output in TABLES:
                kind = selection.several_resources
                print_tables(
                    session, reading, stored, table_choice(output, namespace=not criteria.namespace, kind=kind, **table)
                )
            else:
                write(
                    as_pieces(
                        output,
                        reading.objects(stored),
                        headers=not table["no_headers"],
                        allow_missing_keys=allow_missing_template_keys is not False,
                    )
                )
        say_if_nothing(reading, selection)
        return reading.exit_code


def _tree(session: Session, output: str) -> int:
    """Count everything, and show it as a tree or as JSON."""
    from kstore.tree import tree
    from kstore.view import tree_text

    unreadable = Unreadable()
    with counting("objects counted", session.source.count) as progress:
        branches = tree(session.store, progress, unreadable=unreadable.note)
    pieces: Iterable[str]
    if output == "json":
        from kstore.view.json_text import to_json

        pieces = [to_json(tree_text.as_json(branches, session.store.prefix))]
    else:
        pieces = tree_text.as_text(branches, session.store.prefix, namespaces=output == "wide")
    show(pieces)
    return unreadable.summarize()
