"""`kstore crds`: stored versions of custom resources, as listed and as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kstore.cli.listing import write
from kstore.cli.options import output_option, store_options
from kstore.cli.session import open_session
from kstore.cli.standard_output import terminal
from kstore.cli.unreadable import Unreadable
from kstore.errors import NotFound
from kstore.printable import command_text
from kstore.similar import question, similar

if TYPE_CHECKING:
    from kstore.cli.session import Session
    from kstore.inspect.crds import CustomUsage


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@output_option(("table", "json"), "table")
@store_options
def command(names: tuple[str, ...], output: str) -> int:
    """
    List the CRDs of the store: how many objects each has, the versions that they are stored in, status.storedVersions,
    and what to do. A CRD is named as kubectl names its resource: in the plural or singular, short, by its kind, with or
    without the group.

    \b
    kstore crds
    kstore crds ct
    kstore crds crontabs.stable.example.com -o json
    """
    from kstore.inspect.crds import custom_usages

    unreadable = Unreadable()
    with open_session() as session:
        called = _names(session)
        meant = {name: [crd for crd, words in called.items() if name.lower() in words] for name in names}
        for name, crds in meant.items():
            if not crds:
                raise NotFound(f"the store has no CRD {name}", hint=_similar(name, called))
        wanted = {crd for crds in meant.values() for crd in crds}
        found = [one for one in custom_usages(session.store, unreadable.note) if not names or one.name in wanted]
        if output == "json":
            from kstore.view.json_text import to_json

            write([to_json({"customResources": [one.as_document() for one in found]})])
        else:
            from kstore.view.bar_table import FigureTable, figure_table_text

            headings = ("NAME", "OBJECTS", "SIZE", "STORAGE", "STORED AS", "LISTED")
            rows = [(_cells(one), None) for one in found]
            title = f"{len(found)} custom resource definition{'s' * (len(found) != 1)}"
            screen = terminal()
            write(figure_table_text(FigureTable(title, headings, rows, frozenset({3, 4, 5}), cut_end=True), screen))
            write(f"{screen.styled('→', 'green')} {one.name}: {text}\n" for one in found if (text := _to_do(one)))
        return unreadable.summarize()


def _cells(one: CustomUsage) -> tuple[str, ...]:
    from kstore.view.tree_text import human_size

    stored = ", ".join(f"{version}: {count}" for version, count in one.really.items())
    return (
        one.name, f"{one.objects:,}", human_size(one.bytes), one.storage_version, stored or "-",
        ", ".join(one.listed) or "-",
    )  # fmt: skip


def _to_do(one: CustomUsage) -> str:
    if one.undecodable:
        return f"{one.undecodable} undecodable: kstore check"
    stores = f"{one.name.partition('.')[2]}/{one.storage_version}"
    migrate = command_text("kstore", "migrate", one.name, "--to", stores)
    if one.gone:
        assume = ("--assume-version", stores, "--dry-run=diff")
        assumed = f"{migrate} {command_text(*assume)}"
        return f"{assumed}; then without --dry-run=diff; or put {', '.join(one.gone)} back into the CRD"
    if one.outdated:
        return migrate
    if one.unlisted:
        return f"storedVersions lacks {', '.join(one.unlisted)}: {migrate} has them listed"
    if one.idle:
        return f"storedVersions can lose {', '.join(one.idle)}: {migrate} takes them out"
    return ""


def _names(session: Session) -> dict[str, set[str]]:
    """What each CRD is called by, as kubectl takes it: without a group, and with it, or with the beginning of it."""
    from kstore.inspect.directories import resource_label

    called: dict[str, set[str]] = {}
    for one in session.store.custom_resources:
        words = {one.resource, one.kind.lower(), one.singular, *one.short_names} - {""}
        called[resource_label(one)] = words | {f"{word}.{one.group}" for word in words}
    return called


def _similar(name: str, called: dict[str, set[str]]) -> str:
    """What to try where no CRD has the name: the one that is called nearly so."""
    known = {word: crd for crd, words in called.items() for word in words}
    meant = question(*(known[one] for one in similar(name.lower(), known)))
    return f"{meant} `kstore crds` lists all".lstrip()
