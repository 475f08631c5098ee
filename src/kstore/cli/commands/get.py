"""`kstore get`: single objects in full, as stored or in another version, or their very bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.commands.ls import say_fault, wanted, where_or_none
from kstore.cli.conversion_note import say_what_changed
from kstore.cli.forms import masks
from kstore.cli.listing import EXPRESSIONS, Reading, as_pieces, hides_nothing, write
from kstore.cli.options import (
    output_option,
    query_options,
    selection_options,
    shown_options,
    store_options,
    table_choice,
    table_options,
)
from kstore.cli.pages import descriptions, storage_pages
from kstore.cli.session import Session, open_session
from kstore.cli.tables import print_tables
from kstore.errors import NotFound, UsageError
from kstore.printable import key_bytes, key_text

if TYPE_CHECKING:
    from kstore.codec import StoredObject, Undecodable
    from kstore.naming import GroupVersion
    from kstore.store import Store

_OUTPUTS = ("yaml", "json", "jsonl", "table", "wide", "table-json", "describe", "raw", "hex", "storage", "name", "keys")
DEFAULT_NAMESPACE = "default"
"""Where a namespaced object is looked for when no namespace is given, as kubectl does without a context."""


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="RESOURCE/[NS/]NAME or KEY...")
@selection_options
@query_options
@click.option("--as", "version", default="", metavar="GROUP/VERSION", help="Convert to this version.")
@output_option(_OUTPUTS, "yaml", EXPRESSIONS)
@table_options
@shown_options
@store_options
def command(
    what: tuple[str, ...], namespace: str, all_namespaces: bool, selector: str, field_selector: str,
    stored_version: str, where: str, sort_by: str, version: str, output: str, show_secrets: bool,
    show_managed_fields: bool, **table: Any,
) -> int:  # fmt: skip
    """
    Show objects in full: as they are stored, or converted with --as as the apiserver would serve them.

    \b
    kstore get pods/default/webserver
    kstore get pods webserver -n default -o json
    kstore get hpa/webserver --as autoscaling/v1
    kstore get /registry/deployments/shop/web -o storage
    """
    with open_session() as session:
        from kstore.naming import parse_group_version

        to = parse_group_version(version) if version else None
        reading = Reading(
            session.store,
            to,
            secrets=show_secrets,
            managed_fields=show_managed_fields or hides_nothing(output),
            human=masks(output),
            converted=partial(say_what_changed, session.store),
        )
        missing: list[NotFound] = []
        reads = _reads(session.store, what, "" if all_namespaces else namespace, all_namespaces, missing)
        if output in ("raw", "hex"):
            return _bytes(session, reads, output, to, secrets=show_secrets) or bool(missing)
        asked = where_or_none(where)
        is_wanted = wanted(selector, field_selector, stored_version, asked)
        if output == "storage":
            write(storage_pages(session, reading, reads, is_wanted))
            return reading.exit_code or bool(missing)
        stored = reading.readable(reads, is_wanted)
        if sort_by:
            from kstore.view.sorting import sort_by as sorted_by

            stored = iter(sorted_by(stored, sort_by, reading.asked_for))
        if output in ("table", "wide", "table-json"):
            kind = _several_resources(session.store, what, namespace)
            choice = table_choice(output, namespace=all_namespaces, kind=kind, **table)
            print_tables(session, reading, stored, choice)
        elif output == "describe":
            now = table_choice(output, namespace=False, kind=False, now=table["now"]).now
            write(descriptions(session, reading, stored, now))
        else:
            _show(reading, stored, output, several=_several(what), headers=not table["no_headers"])
        say_fault(asked)
        return reading.exit_code or bool(missing)


def _reads(
    store: Store, what: tuple[str, ...], namespace: str, everywhere: bool, missing: list[NotFound]
) -> Iterator[StoredObject | Undecodable]:
    """
    The objects that the arguments name, in kubectl's grammar; a resource without names is all of its objects.

    Args:
        store: where they lie.
        what: the arguments.
        namespace: of names without one.
        everywhere: in all namespaces.
        missing: takes up those of several names that are not there; the others are read all the same.

    Raises:
        UnknownResource, UsageError: the arguments name nothing; at once.
        NotFound: the only object that was asked for is not there; when it is read.
    """
    first = what[0]
    if "/" in first:
        return _named(store, [object_key(store, text, namespace) for text in what], missing)
    resources = store.resources(first)
    if len(what) == 1:
        within = "" if everywhere else namespace or DEFAULT_NAMESPACE
        return chain.from_iterable(store.objects(resource, within) for resource in resources)
    for name in what[1:]:
        if "/" in name:
            raise UsageError(f"{name!r} is not a name", hint=f"write {first} NAME… or {first}/NAME")
    keys = [
        store.key_of(resource, (namespace or DEFAULT_NAMESPACE) if resource.namespaced else "", name)
        for name in what[1:]
        for resource in resources
    ]
    return _named(store, keys, missing)


def _named(store: Store, keys: list[bytes], missing: list[NotFound]) -> Iterator[StoredObject | Undecodable]:
    """The objects of these keys; see `_reads`."""
    for key in keys:
        try:
            yield store.get(key)
        except NotFound as error:
            if len(keys) == 1:
                raise
            missing.append(error)
            click.echo(f"kstore: {error}", err=True)


def object_key(store: Store, text: str, namespace: str) -> bytes:
    """The key of `RESOURCE/NAME`, `RESOURCE/NAMESPACE/NAME`, of a key below the prefix, or the key itself."""
    if text.startswith("/"):
        return key_bytes(text)
    name, _, rest = text.partition("/")
    if not rest:
        raise UsageError(
            f"{text!r} names no object", hint="write RESOURCE/NAME, RESOURCE/NAMESPACE/NAME or a whole key"
        )
    text = key_bytes(text).decode("utf-8", "surrogateescape")
    name, _, rest = text.partition("/")
    below = f"{store.prefix}/{text}".encode("utf-8", "surrogateescape")
    place = store.built_in.place(text)
    if place is not None and place.name and place.resource.key_prefix.count("/"):
        return below
    resource = store.resources(name)[0]
    if not resource.namespaced:
        return store.key_of(resource, "", rest)
    space, slash, own = rest.partition("/")
    return (
        store.key_of(resource, space, own) if slash else store.key_of(resource, namespace or DEFAULT_NAMESPACE, space)
    )


def _several(what: tuple[str, ...]) -> bool:
    """Whether a list was asked for, rather than one object."""
    return len(what) > 2 or (len(what) == 1) != ("/" in what[0])


def _several_resources(store: Store, what: tuple[str, ...], namespace: str) -> bool:
    """Whether objects of more than one resource may come."""
    if "/" not in what[0]:
        return len(store.resources(what[0])) > 1
    places = [store.place(object_key(store, text, namespace)) for text in what]
    return len({place.resource.key_prefix for place in places if place}) > 1


def _show(reading: Reading, stored: Iterator[StoredObject], output: str, *, several: bool, headers: bool) -> None:
    """Print objects; one alone stands without a list around it, as kubectl has it."""
    from kstore.view.documents import SINGLES

    if output == "keys":
        write(f"{key_text(read.record.key)}\n" for read in stored)
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
    reads: Iterator[StoredObject | Undecodable],
    output: str,
    to: GroupVersion | None,
    *,
    secrets: bool,
) -> int:
    """
    Print values as stored (sealed ones sealed), or as they would be stored in another version.

    Raises:
        UsageError: raw bytes on a terminal.
    """
    from kstore.codec import Undecodable
    from kstore.view.hex_text import hex_dump
    from kstore.view.mask import is_secret
    from kstore.view.storage_text import shown_places

    if output == "raw" and sys.stdout.isatty():
        raise UsageError(
            "raw bytes are for files and pipes, not for a terminal", hint="-o hex or -o storage shows them"
        )
    for read in reads:
        value = read.record.value
        if to is not None:
            if isinstance(read, Undecodable):
                raise read.error
            value = session.codec.convert_typed(read.plain, to)[1]
        if output == "hex":
            kind = getattr(getattr(read, "gvk", None), "kind", "")
            hide = is_secret(kind, read.record.key) and not secrets and (to is not None or read.seal is None)
            places = shown_places(read.record.key, value, session.codec.scheme.catalog) if hide else None
            write(hex_dump(value, places))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(value)
            sys.stdout.buffer.flush()
    return 0
