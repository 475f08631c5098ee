"""
What the commands that change single objects have in common: a copy first, a question, and what became of each key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kstore.cli.exit_codes import ExitCode
from kstore.cli.hints import option_of
from kstore.cli.offline_surgery import write_copy
from kstore.cli.session import Session
from kstore.cli.stopping import stopping
from kstore.errors import NotASingleObject, NotFound, Unsupported
from kstore.printable import key_text
from kstore.similar import question
from kstore.write.progress import Silent

if TYPE_CHECKING:
    from kstore.cli.unreadable import Unreadable
    from kstore.records import Record
    from kstore.selection import Criteria, Selection
    from kstore.store import Store
    from kstore.write.commit import Left, Written
    from kstore.write.compare_and_swap import KeyChange


def selected(store: Store, criteria: Criteria, unreadable: Unreadable, *, many: bool) -> list[Record]:
    """
    The records that criteria select, in key order.

    Args:
        store: where they are.
        criteria: what is meant: objects; with `many` also paths and resources.
        unreadable: told of what cannot be read where a condition asks about it: it is not selected.
        many: whether an argument may mean more than one object.

    Raises:
        NotFound: nothing is selected, or an argument means nothing.
        UnknownResource, UsageError: an argument or option cannot be meant.
    """
    from kstore.selection import Selection

    found: dict[bytes, Record] = {}
    for text in criteria.what or ("/",):
        try:
            selection = Selection.either(store, replace(criteria, what=(text,)), many=many)
        except NotASingleObject as error:
            if len(criteria.what) == 2 and not any("/" in one for one in criteria.what):
                error.hint = question("/".join(criteria.what))
            raise
        records = {record.key: record for record in _records(selection, unreadable)}
        if not records and not selection.filter:
            raise NotFound(f"nothing is stored at {text}", hint="`kstore ls` shows what is there")
        found |= records
    if not found:
        options = ", ".join(map(option_of, criteria.filters))
        raise NotFound(f"{options} select nothing", hint="`kstore ls` with the same options shows what they select")
    return [found[key] for key in sorted(found)]


def _records(selection: Selection, unreadable: Unreadable) -> Iterator[Record]:
    from kstore.codec import Undecodable

    if not selection.filter:
        yield from selection.records()
        return
    for read in selection.reads(selection.filter.projection):
        if isinstance(read, Undecodable):
            unreadable.note(read)
        else:
            yield read.record


def keep(session: Session, records: Sequence[Record], folder: Path | None, what: str) -> Path:
    """
    Save records as an export, from which `kstore restore --from DIR` brings them back.

    Args:
        session: whose store they are of.
        records: in key order.
        folder: a new directory; None makes up a name.
        what: the word for the made-up name.
    """
    from kstore.source.export_directory import DirectoryWriter

    path = folder or Path(f"kstore-{what}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    try:
        leases = session.source.leases()
    except Unsupported:
        leases = {}
    with DirectoryWriter(path, session.source.status(), leases) as writer:
        for record in records:
            writer.add(record)
    return path


class _Waiting(Silent):
    """Says on standard error that the store is waited for."""

    def waiting(self, reason: str, seconds: float) -> None:
        click.echo(f"kstore: {reason}; trying again in {seconds:.1f} s", err=True)


def destination(session: Session, output: Path | None) -> str:
    """What is about to be written, for the question whether it shall be."""
    location = session.source.status().location
    return location if output is None else f"a copy of {location}, {output}"


def commit(session: Session, changes: Sequence[KeyChange], done: str, output: Path | None = None) -> int:
    """
    Do it, say what became of each key, and give the exit code.

    Args:
        session: whose store is changed.
        changes: at most one of each key.
        done: the word for what becomes of a key.
        output: the new database, for a store that is a file.

    Raises:
        Interrupted: by Ctrl-C; what was done has been said.
        KstoreError: what ended it.
    """
    from kstore.write.batches import write_all
    from kstore.write.commit import Writer, Written, writable
    from kstore.write.retry import Retry

    if output is not None:
        return write_copy(session, changes, done, output)
    left = []

    def say(ending: Written[KeyChange] | Left[KeyChange]) -> None:
        if isinstance(ending, Written):
            when = f" (revision {ending.revision})" if ending.revision else ""
            click.echo(f"{key_text(ending.change.key)} {done}{when}")
        else:
            left.append(ending)
            click.echo(f"kstore: {key_text(ending.change.key)}: {ending.fault.message}: left alone", err=True)

    with stopping() as stop:
        retry = Retry(progress=_Waiting(), stop=stop)
        writer: Writer[KeyChange] = Writer(writable(session.source), retry=retry)
        write_all(writer, changes, say)
    return ExitCode.CONFLICT if left else ExitCode.DONE
