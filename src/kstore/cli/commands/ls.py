"""`kstore ls`: the tree of what is stored, or the objects of resources or below a key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.forms import masks
from kstore.cli.listing import EXPRESSIONS, Reading, as_pieces, hides_nothing, projection_of, write
from kstore.cli.options import (
    output_option,
    query_options,
    selection_options,
    shown_options,
    store_options,
    table_choice,
    table_options,
)
from kstore.cli.session import Session, open_session
from kstore.cli.tables import print_tables
from kstore.cli.unreadable import Unreadable
from kstore.decode.projection import EVERYTHING, METADATA, Projection
from kstore.naming import parse_group_version
from kstore.printable import key_bytes, key_text

if TYPE_CHECKING:
    from kstore.catalog.mapper import NamedResource
    from kstore.codec import StoredObject, Undecodable
    from kstore.store import Store
    from kstore.view.where import Where

_TABLES = ("table", "wide", "table-json")
_OUTPUTS = (*_TABLES, "name", "json", "jsonl", "yaml", "keys")


@click.command()
@click.argument("what", nargs=-1, metavar="[PATH or RESOURCE]...")
@selection_options
@click.option("--as", "version", default="", metavar="GROUP/VERSION", help="Convert to this version first.")
@query_options
@output_option(_OUTPUTS, "table", EXPRESSIONS)
@table_options
@shown_options
@store_options
def command(
    what: tuple[str, ...], namespace: str, all_namespaces: bool, selector: str, field_selector: str, version: str,
    stored_version: str, where: str, sort_by: str, output: str, show_secrets: bool, show_managed_fields: bool,
    **table: Any,
) -> int:  # fmt: skip
    """
    List objects: below a key (/registry/pods), of a resource (pods, po, deploy.apps), of a category (all). Without an
    argument: the tree of groups, resources and namespaces, with counts, stored versions and sizes.

    \b
    kstore ls                          what is in the store
    kstore ls /registry/pods           the objects below a key
    kstore ls deploy -n shop -o wide   as kubectl would list them
    kstore ls deploy --where 'spec.replicas > 1 && stored.version != "apps/v1"'
    kstore ls pods -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'
    """
    from kstore.store import is_housekeeping

    if all_namespaces:
        namespace = ""
    with open_session() as session:
        if not what and output in ("table", "wide", "json"):
            return _tree(session, output)
        places = [Selected(session.store, text, namespace) for text in what or session.store.roots]
        if output == "keys":
            write(f"{key_text(key)}\n" for place in places for key in place.key_names())
            return 0
        reading = Reading(
            session.store,
            parse_group_version(version) if version else None,
            secrets=show_secrets,
            managed_fields=show_managed_fields or hides_nothing(output),
            human=masks(output),
        )
        asked = where_or_none(where)
        is_wanted = wanted(selector, field_selector, stored_version, asked)
        # tables are made of what the server would serve, which is decoded apart
        projection = METADATA if output in _TABLES else projection_of(output, bool(selector))
        if version or field_selector or sort_by or where:
            projection = EVERYTHING
        reads = chain.from_iterable(place.reads(projection) for place in places)
        objects = (read for read in reads if not is_housekeeping(read.record))
        stored = reading.readable(objects, is_wanted)
        if sort_by:
            from kstore.view.sorting import sort_by as sorted_by

            stored = iter(sorted_by(stored, sort_by, reading.asked_for))
        if output in _TABLES:
            several = len(places) > 1 or places[0].several
            choice = table_choice(output, namespace=not places[0].namespace, kind=several, **table)
            if not print_tables(session, reading, stored, choice) and not reading.faults:
                click.echo("No resources found.", err=True)
        else:
            write(as_pieces(output, reading.objects(stored), headers=not table["no_headers"]))
        say_fault(asked)
        return reading.exit_code


class Selected:
    """
    What one argument means: keys below a path, or resources, as far as a namespace.

    Args:
        store: where the objects lie.
        text: a key or path, a resource in kubectl's grammar, or `RESOURCE/NAMESPACE`.
        namespace: the only one wanted, or empty.

    Raises:
        UnknownResource: it is neither.
    """

    def __init__(self, store: Store, text: str, namespace: str) -> None:
        self._store = store
        self.namespace = namespace
        text = key_bytes(text).decode("utf-8", "surrogateescape")
        name, slash, rest = text.partition("/")
        self._path = ""
        self._resources: list[NamedResource] = []
        if text.startswith("/"):
            self._path = text
        elif slash and store.place(f"{store.prefix}/{text}".encode("utf-8", "surrogateescape")) is not None:
            self._path = f"{store.prefix}/{text}"
        else:
            self.namespace = rest.strip("/") or namespace
            self._resources = store.resources(name)

    @property
    def several(self) -> bool:
        """Whether objects of more than one resource may come."""
        return (
            self._store.place(self._path.encode("utf-8", "surrogateescape")) is None
            if self._path
            else len(self._resources) > 1
        )

    def reads(self, projection: Projection = EVERYTHING) -> Iterator[StoredObject | Undecodable]:
        """The objects, or what is wanted of them."""
        if self._path:
            reads = self._store.under(self._path, projection)
            return (read for read in reads if not self.namespace or self._in_namespace(read.record.key))
        return chain.from_iterable(
            self._store.objects(resource, self.namespace, projection) for resource in self._resources
        )

    def key_names(self) -> Iterator[bytes]:
        """The keys; no value is read."""
        if self._path:
            return (key for key in self._store.keys(self._path) if not self.namespace or self._in_namespace(key))
        prefixes = (self._store.key_of(one, self.namespace if one.namespaced else "") for one in self._resources)
        return chain.from_iterable(self._store.keys(prefix.decode()) for prefix in prefixes)

    def _in_namespace(self, key: bytes) -> bool:
        place = self._store.place(key)
        return place is not None and place.namespace == self.namespace


def where_or_none(expression: str) -> Where | None:
    """The expression of `--where`, if there is one."""
    if not expression:
        return None
    from kstore.view.where import Where

    return Where(expression)


def say_fault(asked: Where | None) -> None:
    """Say why nothing matched, where the expression itself may be at fault."""
    if asked is not None and asked.fault and not asked.matched:
        click.echo(f"kstore: --where was true of no object: {asked.fault}", err=True)


def wanted(labels: str, fields: str, versions: str = "", asked: Where | None = None) -> Callable[[StoredObject], bool]:
    """The selectors as one test of an object."""
    tests: list[Callable[[StoredObject], bool]] = []
    if labels:
        from kstore.scalars.selectors import label_matcher, parse_label_selector

        has_labels = label_matcher(parse_label_selector(labels))
        tests.append(lambda read: has_labels(read.object))
    if fields:
        from kstore.view.field_selectors import parse_field_selector

        has_fields = parse_field_selector(fields).matches
        tests.append(lambda read: has_fields(read.object))
    if versions:
        tests.append(lambda read: fnmatchcase(read.gvk.api_version, versions))
    if asked is not None:
        tests.append(asked.matches)
    if len(tests) < 2:
        return tests[0] if tests else lambda _: True
    return lambda read: all(test(read) for test in tests)


def _tree(session: Session, output: str) -> int:
    """Count everything, and show it as a tree or as JSON."""
    from kstore.view import tree_text

    unreadable = Unreadable()
    branches = session.store.tree(unreadable=unreadable.note)
    pieces: Iterable[str]
    if output == "json":
        from kstore.view.json_text import to_json

        pieces = [to_json(tree_text.as_json(branches, session.store.prefix))]
    else:
        pieces = tree_text.as_text(branches, session.store.prefix, namespaces=output == "wide")
    write(pieces)
    return unreadable.summarize()
