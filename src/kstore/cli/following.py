"""
`get --watch`: objects, and then every change of them as it happens, in kubectl's forms.

What is listed and what follows meet at one revision: nothing is shown twice, and nothing is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from kstore.cli.changes import held_before, live_steps
from kstore.cli.expressions import columns_of, is_columns
from kstore.cli.listing import Reading, as_single, write
from kstore.errors import NotFound, UsageError

if TYPE_CHECKING:
    from kstore.cli.session import Session
    from kstore.codec import StoredObject, Undecodable
    from kstore.inspect.changes import Step
    from kstore.selection import Criteria, Selection
    from kstore.view.text_table import Row

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


@dataclass(frozen=True, slots=True)
class Following:
    """How changes are followed."""

    only_changes: bool = False
    """What is there already is not shown."""
    events: bool = False
    """What happened is shown with each object."""

    @classmethod
    def asked(cls, watch: bool, watch_only: bool, events: bool, beside: dict[str, object]) -> Following | None:
        """
        What the options of `get` ask for; None where nothing is to be followed.

        Args:
            watch: `--watch`.
            watch_only: `--watch-only`.
            events: `--output-watch-events`.
            beside: values of the options that cannot be honoured while changes come, by name.

        Raises:
            UsageError: options that cannot be meant together.
        """
        if not watch and not watch_only:
            if events:
                raise UsageError("--output-watch-events goes with --watch or --watch-only")
            return None
        for option, value in beside.items():
            if value:
                raise UsageError(f"{option} and --watch cannot both be meant", hint="changes come in their own order")
        return cls(watch_only, events)


class Event(NamedTuple):
    """What happened to an object, and the object after it; of a deleted one, before."""

    word: str
    read: StoredObject


def follow(
    session: Session, reading: Reading, criteria: Criteria, following: Following, output: str,
    *, allow_missing_keys: bool, ignore_missing: bool, table: dict[str, Any],
) -> int:  # fmt: skip
    """
    Show objects and their changes until the store ends the watch or somebody interrupts it.

    Args:
        session: whose store is watched.
        reading: through which objects are shown.
        criteria: which objects.
        following: how.
        output: the form.
        allow_missing_keys: whether a template may name what is not there.
        ignore_missing: it is no error that a named object is not there.
        table: the options of a table.

    Raises:
        UsageError: more than one resource is meant, or a revision of the past.
        NotFound: a named object is not there.
        Unsupported: this store does not change.
    """
    from kstore.selection import Selection

    if session.given.rev:
        raise UsageError("--rev looks at one revision, and --watch at those that follow", hint="leave one out")
    revision = session.source.status().revision
    selection = Selection.named(session.store.at(revision), criteria)
    if len(selection.targets) > 1 or selection.several_resources:
        raise UsageError("--watch follows one resource, or one object", hint="`kstore watch` follows whatever is meant")
    # asked for now: a store that cannot be watched says so before anything is shown
    steps = live_steps(session, _changes(session), selection, revision + 1)
    present: list[Event] = []
    try:
        if not following.only_changes or selection.is_single:
            present = [Event(ADDED, read) for read in reading.readable(selection.reads())]
    except NotFound:
        if ignore_missing:
            return 0
        raise
    if following.only_changes:
        present = []
    events = chain(present, _events(reading, selection, steps))
    if output in ("table", "wide"):
        pieces = _table(session, reading, selection, events, len(present), output, following, table)
    elif is_columns(output):
        pieces = _columns(reading, events, output, headers=not table["no_headers"])
    else:
        pieces = _documents(reading, events, output, following, allow_missing_keys=allow_missing_keys)
    for piece in pieces:
        write([piece])
        sys.stdout.flush()
    return reading.exit_code


def _changes(session: Session) -> Any:
    from kstore.inspect.changes import Changes

    return Changes(session.store, previous=lambda record: held_before(session, record))


def _events(reading: Reading, selection: Selection, steps: Iterator[Step]) -> Iterator[Event]:
    """
    What the apiserver's watch would tell of each step (`cacher.go`): an object that begins to meet the conditions is
    added, one that ceases to is deleted.
    """
    from kstore.codec import StoredObject, Undecodable

    def wanted(read: StoredObject | Undecodable | None) -> bool:
        return isinstance(read, StoredObject) and selection.filter.matches(read)

    for step in steps:
        if isinstance(step.read, Undecodable):
            reading.report(step.read.record, step.read.error)
        elif isinstance(step.read, StoredObject) and wanted(step.read):
            yield Event(MODIFIED if wanted(step.before) else ADDED, step.read)
        elif isinstance(step.before, StoredObject) and wanted(step.before):
            record = step.before.record._replace(mod_revision=step.revision)
            yield Event(DELETED, step.before._replace(record=record))


def _table(
    session: Session, reading: Reading, selection: Selection, events: Iterator[Event], present: int, output: str,
    following: Following, table: dict[str, Any],
) -> Iterator[str]:  # fmt: skip
    from kstore.cli.tables import heading_of, in_version, storage_cells, table_choice, text_options
    from kstore.view.columns import printer_for
    from kstore.view.columns.ages import nanoseconds
    from kstore.view.columns.reading import part
    from kstore.view.text_table import Row, table_text

    first = next(events, None)
    if first is None:
        return
    choice = table_choice(output, namespace=selection.criteria.all_namespaces, kind=False, **table)
    heading = heading_of(session, first.read, reading.to)
    printer = printer_for(heading.gvk, heading.definition, session.release)

    def rows() -> Iterator[Row]:
        for word, read in chain([first], events):
            for stored, obj in in_version(reading, heading, [read]):
                moment = nanoseconds(choice.now or datetime.now(UTC))
                storage = storage_cells(stored) if choice.storage_columns else {}
                cluster = reading.store.cluster_of(stored.record.key)
                yield Row(printer.cells(obj, moment), part(obj, "metadata"), storage, cluster, word)

    options = replace(text_options(reading, heading, choice), events=following.events)
    yield from table_text(printer.columns, rows(), options, block=1, first_block=present or 1)


def _columns(reading: Reading, events: Iterator[Event], output: str, *, headers: bool) -> Iterator[str]:
    from kstore.view.custom_columns import custom_columns_text

    objects = (obj for event in events for obj in reading.objects([event.read]))
    yield from custom_columns_text(columns_of(output), objects, headers=headers, block=1)


def _documents(
    reading: Reading, events: Iterator[Event], output: str, following: Following, *, allow_missing_keys: bool
) -> Iterator[str]:
    """A document an object, one behind the other, as kubectl prints them while it watches."""
    between = ""
    for event in events:
        for obj in reading.objects([event.read]):
            shown = {"type": event.word, "object": obj} if following.events else obj
            yield between + as_single(output, shown, allow_missing_keys=allow_missing_keys)
            between = "---\n" if output == "yaml" else ""


__all__ = ["Following", "follow"]
