"""`kstore describe`: a page about an object, with its Events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from kstore.cli.listing import Reading, write
from kstore.cli.listing_forms import say_if_nothing
from kstore.cli.options import selection_options, shown_options, store_options
from kstore.cli.pages import descriptions
from kstore.cli.session import open_session
from kstore.cli.tables import table_choice
from kstore.errors import NotFound

if TYPE_CHECKING:
    from kstore.codec import StoredObject
    from kstore.selection import Criteria, Selection
    from kstore.store import Store


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="RESOURCE [NAME or PREFIX] or RESOURCE/NAME or KEY...")
@selection_options
@click.option(
    "--show-events/--no-show-events",
    default=None,
    help="The Events about each object; default: of one object, not of many or of a prefix.",
)
@click.option("--now", default="", metavar="TIME", help="Compute ages for this time (RFC 3339).")
@shown_options
@store_options
def command(
    criteria: Criteria, show_events: bool | None, now: str, show_secrets: bool, show_managed_fields: bool
) -> int:  # fmt: skip
    """
    Describe an object, how it is stored, and its Events. If no object has the name, describe all objects whose names
    begin with it, as kubectl does.

    \b
    kstore describe pod webserver
    kstore describe pods/default/webserver --no-show-events
    kstore describe pods webserver-        all whose names begin so
    kstore describe deploy -n shop -l app=cart
    """
    from kstore.inspect.events import EventsByObject
    from kstore.selection import Selection

    moment = table_choice("describe", namespace=False, kind=False, now=now).now
    with open_session() as session:
        store = session.store
        selection = Selection.named(store, criteria)
        reading = Reading(store, secrets=show_secrets, managed_fields=show_managed_fields)
        try:
            stored = list(reading.readable(selection.reads())) if not _is_many(selection.criteria) else None
        except NotFound:
            names = list(_beginning_with(store, selection))
            if not names:
                raise
            selection = Selection.named(store, replace(criteria, what=(criteria.what[0], *names)))
            stored = None
        single = stored is not None and len(stored) == 1
        events = EventsByObject(store) if (single if show_events is None else show_events) else None
        objects: Iterator[StoredObject] = iter(stored) if stored is not None else reading.readable(selection.reads())
        write(descriptions(session, reading, objects, moment, events))
        say_if_nothing(reading, selection)
        return reading.exit_code


def _is_many(criteria: Criteria) -> bool:
    """Whether a resource is meant, not an object that is named."""
    return len(criteria.what) == 1 and "/" not in criteria.what[0]


def _beginning_with(store: Store, selection: Selection) -> Iterator[str]:
    """The names that begin with the one name that was given."""
    from kstore.printable import key_text

    if len(selection.criteria.what) != 2 or "/" in "".join(selection.criteria.what):
        return
    for target in selection.targets:
        folder = target.key.rpartition(b"/")[0] + b"/"
        for key in store.source.keys(target.key, revision=store.revision):
            if b"/" not in key.removeprefix(folder):
                yield key_text(key).rpartition("/")[2]
