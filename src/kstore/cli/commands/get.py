"""`kstore get`: objects as kubectl gets them; as stored or in another version, or their very bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.conversion_note import say_what_changed
from kstore.cli.exit_codes import ExitCode
from kstore.cli.expressions import is_columns
from kstore.cli.following import Following, follow
from kstore.cli.forms import FORMS_OF_GET, is_for_programs, masks
from kstore.cli.hints import option_of
from kstore.cli.listing import TABLES, Reading, as_pieces, as_single, hides_nothing, serving, write
from kstore.cli.listing_forms import needed, refuse_unused, say_if_nothing, write_keys
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
from kstore.cli.pages import descriptions, storage_pages
from kstore.cli.session import Session, open_session
from kstore.cli.streams import for_programs
from kstore.cli.tables import print_tables, table_choice
from kstore.errors import NotFound, UsageError
from kstore.printable import key_lines

if TYPE_CHECKING:
    from kstore.codec import StoredObject, Undecodable
    from kstore.naming import GroupVersion
    from kstore.selection import Criteria, Selection


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="RESOURCE [NAME...] or RESOURCE/[NS/]NAME or KEY...")
@selection_options
@sort_option
@limit_option
@click.option("--as", "version", cls=Once, metavar="GROUP/VERSION", help="Convert to this version.")
@as_served_option
@output_option(FORMS_OF_GET, "", expressions=True)
@template_options
@click.option("-w", "--watch", is_flag=True, help="Show the objects, and then every change as it happens.")
@click.option("--watch-only", is_flag=True, help="Show only the changes.")
@click.option(
    "--output-watch-events", is_flag=True, help="Print what happened to each object: ADDED, MODIFIED, DELETED."
)
@click.option("--ignore-not-found", is_flag=True, help="If an object does not exist, exit with 0 and print no error.")
@table_options
@shown_options
@store_options
def command(
    criteria: Criteria, sort_by: str, limit: int | None, version: str, as_served: bool, output: str,
    allow_missing_template_keys: bool | None, watch: bool, watch_only: bool, output_watch_events: bool,
    ignore_not_found: bool, show_secrets: bool, show_managed_fields: bool, **table: Any,
) -> int:  # fmt: skip
    """
    Show objects as kubectl does: a resource as a table, a named object as YAML. Objects are shown as they are stored;
    --as converts them. The namespace is `default`, unless you use -n or -A.

    \b
    kstore get pods                              kubectl's table; -A of all namespaces
    kstore get pods/default/webserver            one object, as YAML
    kstore get pods webserver -n default -o wide
    kstore get pods -A -l app=webserver -o json
    kstore get deploy -w                         and every change that follows
    kstore get hpa/webserver --as autoscaling/v1
    kstore get svc/webserver --as-served
    kstore get pods -o go-template='{{range .items}}{{.metadata.name}} {{end}}'
    kstore get /registry/deployments/shop/web -o storage
    """
    from kstore.naming import parse_group_version
    from kstore.selection import Selection

    if not output:
        output = "table" if is_of_resources(criteria.what) else "yaml"
        if is_for_programs(output):
            for_programs()
    refuse_unused(output, {
        "as": version, "as_served": as_served, "sort_by": sort_by, "limit": limit, "watch": watch,
        "watch_only": watch_only, "output_watch_events": output_watch_events, **table,
        "allow_missing_template_keys": allow_missing_template_keys is not None,
    })  # fmt: skip
    following = Following.asked(watch, watch_only, output_watch_events, {"--sort-by": sort_by, "--limit": limit})
    with open_session() as session:
        reading = Reading(
            session.store,
            parse_group_version(version) if version else None,
            secrets=show_secrets,
            managed_fields=show_managed_fields or hides_nothing(output),
            human=masks(output),
            serving=serving(session.store) if as_served else None,
            converted=partial(say_what_changed, session.store),
            limit=limit,
        )
        if following:
            return follow(
                session, reading, criteria, following, output,
                allow_missing_keys=allow_missing_template_keys is not False, ignore_missing=ignore_not_found,
                table=table,
            )  # fmt: skip
        selection = Selection.named(session.store, criteria)
        missing: list[NotFound] = []

        def note(error: NotFound) -> None:
            """Of several names those that are not there are said; the others are read all the same."""
            if ignore_not_found:
                return
            if len(selection.targets) == 1:
                raise error
            missing.append(error)
            click.echo(f"kstore: {error}", err=True)

        partly = output == "keys" or output in TABLES or _in_list(criteria.what, output)
        whole = bool(version or as_served or sort_by) or not partly  # a template of a single object has other paths
        reads = selection.reads(needed(output, selection, whole=whole), missing=note)
        if output in ("raw", "hex"):
            certain = reading.limited(_certain(reading, selection, reads))
            _bytes(session, selection, certain, output, reading.to, secrets=show_secrets)
        elif output == "storage":
            write(storage_pages(session, reading, reading.limited(_certain(reading, selection, reads))))
        elif output == "keys" and not missing and selection.targets[0].below:
            write_keys(reading, selection, sort_by)
        else:
            stored = reading.in_order(reading.readable(reads), sort_by)
            _show(
                session,
                reading,
                selection,
                stored,
                output,
                table,
                allow_missing_keys=allow_missing_template_keys is not False,
            )
        if not missing and not ignore_not_found:
            say_if_nothing(reading, selection)
        return reading.exit_code or (ExitCode.FAILED if missing else ExitCode.DONE)


def is_of_resources(what: tuple[str, ...]) -> bool:
    """Whether arguments name resources, and no object of them."""
    return len(what) == 1 and "/" not in what[0]


def _in_list(what: tuple[str, ...], output: str) -> bool:
    """Whether an output shows what was asked for as a list, even if there is one object in it."""
    several = is_of_resources(what) or len(what) > 2 or (len(what) == 2 and "/" in what[0])
    return several or output == "name" or is_columns(output)


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
    table: dict[str, Any], *, allow_missing_keys: bool,
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
    elif output == "keys":
        write(key_lines([read.record.key]) for read in stored)
    else:
        objects = reading.objects(stored)
        if _in_list(what, output):
            headers = not table["no_headers"]
            write(as_pieces(output, objects, headers=headers, allow_missing_keys=allow_missing_keys))
        else:
            write(as_single(output, obj, allow_missing_keys=allow_missing_keys) for obj in objects)


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
        asked = " ".join((*selection.criteria.what, *map(option_of, selection.criteria.given)))
        raise UsageError(
            f"-o raw prints the value of one object, but {asked} selects several",
            hint="use -o json; `kstore encode -o base64` turns it into one value per line",
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
