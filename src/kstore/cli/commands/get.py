"""`kstore get`: single objects in full, as stored or in another version, or their very bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.conversion_note import say_what_changed
from kstore.cli.exit_codes import ExitCode
from kstore.cli.forms import masks
from kstore.cli.listing import EXPRESSIONS, TABLES, Reading, as_pieces, hides_nothing, key_line, serving, write
from kstore.cli.options import (
    Once,
    as_served_option,
    output_option,
    selection_options,
    shown_options,
    sort_option,
    store_options,
    table_options,
)
from kstore.cli.outputs import refuse_unused, say_if_nothing, write_keys
from kstore.cli.pages import descriptions, storage_pages
from kstore.cli.session import Session, open_session
from kstore.cli.tables import print_tables, table_choice
from kstore.errors import NotFound, UsageError

if TYPE_CHECKING:
    from kstore.codec import StoredObject, Undecodable
    from kstore.naming import GroupVersion
    from kstore.selection import Criteria, Selection

_OUTPUTS = ("yaml", "json", "jsonl", *TABLES, "describe", "raw", "hex", "storage", "name", "keys")


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="RESOURCE/[NS/]NAME or KEY...")
@selection_options
@sort_option
@click.option("--as", "version", cls=Once, metavar="GROUP/VERSION", help="Convert to this version.")
@as_served_option
@output_option(_OUTPUTS, "yaml", EXPRESSIONS)
@table_options
@shown_options
@store_options
def command(
    criteria: Criteria, sort_by: str, version: str, as_served: bool, output: str, show_secrets: bool,
    show_managed_fields: bool, **table: Any,
) -> int:  # fmt: skip
    """
    Show objects in full: as they are stored, or converted with --as as the apiserver would serve them. Names, or a
    resource and options that select among its objects, in the namespace `default` unless -n or -A says otherwise.

    \b
    kstore get pods/default/webserver
    kstore get pods webserver -n default -o json
    kstore get pods -A -l app=webserver
    kstore get hpa/webserver --as autoscaling/v1
    kstore get svc/webserver --as-served
    kstore get /registry/deployments/shop/web -o storage
    """
    from kstore.naming import parse_group_version
    from kstore.selection import Selection

    refuse_unused(output, {"as": version, "as_served": as_served, "sort_by": sort_by, **table})
    with open_session() as session:
        selection = Selection.named(session.store, criteria)
        to = parse_group_version(version) if version else None
        reading = Reading(
            session.store,
            to,
            secrets=show_secrets,
            managed_fields=show_managed_fields or hides_nothing(output),
            human=masks(output),
            serving=serving(session.store) if as_served else None,
            converted=partial(say_what_changed, session.store),
        )
        missing: list[NotFound] = []

        def note(error: NotFound) -> None:
            """Of several names those that are not there are said; the others are read all the same."""
            if len(selection.targets) == 1:
                raise error
            missing.append(error)
            click.echo(f"kstore: {error}", err=True)

        reads = selection.reads(missing=note)
        if output in ("raw", "hex"):
            _bytes(session, selection, _certain(reading, selection, reads), output, to, secrets=show_secrets)
        elif output == "storage":
            write(storage_pages(session, reading, _certain(reading, selection, reads)))
        elif output == "keys" and not missing and selection.targets[0].below:
            write_keys(reading, selection, sort_by)
        else:
            stored = reading.in_order(reading.readable(reads), sort_by)
            _show(session, reading, selection, stored, output, table)
        if not missing:
            say_if_nothing(reading, selection)
        return reading.exit_code or (ExitCode.FAILED if missing else ExitCode.DONE)


def _certain(
    reading: Reading, selection: Selection, reads: Iterable[StoredObject | Undecodable]
) -> Iterator[StoredObject | Undecodable]:
    """What is selected for certain: of an object that cannot be read no condition can be asked; it is named."""
    from kstore.codec import Undecodable

    for read in reads:
        if selection.filter and isinstance(read, Undecodable):
            reading.report(read.record, read.error)
        else:
            reading.found += 1
            yield read


def _show(
    session: Session, reading: Reading, selection: Selection, stored: Iterator[StoredObject], output: str,
    table: dict[str, Any],
) -> None:  # fmt: skip
    """Print objects in one of the forms that decode them."""
    what = selection.criteria.what
    if output in TABLES:
        kind = selection.several_resources
        choice = table_choice(output, namespace=selection.criteria.all_namespaces, kind=kind, **table)
        print_tables(session, reading, stored, choice)
    elif output == "describe":
        now = table_choice(output, namespace=False, kind=False, now=table["now"]).now
        write(descriptions(session, reading, stored, now))
    else:
        several = len(what) > 2 or (len(what) == 1) != ("/" in what[0])
        _print(reading, stored, output, several=several, headers=not table["no_headers"])


def _print(reading: Reading, stored: Iterator[StoredObject], output: str, *, several: bool, headers: bool) -> None:
    """Print objects; one alone stands without a list around it, as kubectl has it."""
    from kstore.view.documents import SINGLES

    if output == "keys":
        write(key_line(read.record.key) for read in stored)
        return
    if several or output == "name" or output.startswith("custom-columns="):
        write(as_pieces(output, reading.objects(stored), headers=headers))
        return
    for obj in reading.objects(stored):
        if output in SINGLES:
            write([SINGLES[output](obj)])
        else:
            from kstore.view.jsonpath import JsonPath

            word, _, expression = output.partition("=")
            path = JsonPath(expression)
            write([path.render_json(obj) if word == "jsonpath-as-json" else path.render(obj)])


def _bytes(
    session: Session,
    selection: Selection,
    reads: Iterator[StoredObject | Undecodable],
    output: str,
    to: GroupVersion | None,
    *,
    secrets: bool,
) -> None:
    """
    Print values as stored (encrypted ones encrypted), or as they would be stored in another version.

    Raises:
        UsageError: raw bytes on a terminal, or several of them, which nothing would tell apart.
    """
    if output == "hex":
        write(chain.from_iterable(_hex(session, read, to, secrets=secrets) for read in reads))
        return
    if sys.stdout.isatty():
        raise UsageError(
            "raw bytes are for files and pipes, not for a terminal", hint="-o hex or -o storage shows them"
        )
    first = list(islice(reads, 2))
    if len(first) > 1:
        raise UsageError(
            f"-o raw is for one object, and {' '.join((*selection.criteria.what, *selection.criteria.options))} "
            "select several, whose values would run into each other",
            hint="-o json is for many, and `kstore encode -o base64` makes values of it",
        )
    for read in first:
        sys.stdout.flush()
        sys.stdout.buffer.write(_value(session, read, to))
        sys.stdout.buffer.flush()


def _hex(
    session: Session, read: StoredObject | Undecodable, to: GroupVersion | None, *, secrets: bool
) -> Iterable[str]:
    from kstore.view.hex_text import hex_dump
    from kstore.view.mask import is_secret
    from kstore.view.storage_text import shown_places

    value = _value(session, read, to)
    kind = getattr(getattr(read, "gvk", None), "kind", "")
    hide = is_secret(kind, read.record.key) and not secrets and (to is not None or read.encryption_header is None)
    return hex_dump(value, shown_places(read.record.key, value, session.codec.scheme.catalog) if hide else None)


def _value(session: Session, read: StoredObject | Undecodable, to: GroupVersion | None) -> bytes:
    from kstore.codec import Undecodable

    if to is None:
        return read.record.value
    if isinstance(read, Undecodable):
        raise read.error
    return session.codec.convert_typed(read.plain, to)[1]
