"""
What the commands that change single objects have in common: a copy first, a question, and what became of each key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kstore.cli.session import Session
from kstore.cli.stopping import stopping
from kstore.errors import NotFound, Unsupported, UsageError
from kstore.printable import key_text
from kstore.write.progress import Silent

if TYPE_CHECKING:
    from kstore.records import Record
    from kstore.store import Store
    from kstore.write.change import KeyChange
    from kstore.write.commit import Left, Written

EXIT_CONFLICT = 4


def selected(store: Store, texts: Iterable[str], namespace: str, *, many: bool) -> list[Record]:
    """
    The records that arguments name, in key order.

    Args:
        store: where they lie.
        texts: keys or objects; with `many` also prefixes, resources and namespaces of them.
        namespace: the only one wanted, or empty.
        many: whether more than one object may be meant by one argument.

    Raises:
        NotFound: nothing lies there.
        UsageError: many are meant, and may not be.
    """
    from kstore.cli.commands.ls import Selected
    from kstore.decode.projection import METADATA

    found: dict[bytes, Record] = {}
    for text in texts:
        record = _exact(store, text, namespace)
        if record is not None:
            found[record.key] = record
            continue
        if not many:
            hint = "`kstore ls` shows what is there; --all means everything below a prefix or of a resource"
            raise NotFound(f"{text} names no object of the store", hint=hint)
        below = {read.record.key: read.record for read in Selected(store, text, namespace).reads(METADATA)}
        if not below:
            raise NotFound(f"nothing is stored at {text}", hint="`kstore ls` shows what is there")
        found |= below
    return [found[key] for key in sorted(found)]


def _exact(store: Store, text: str, namespace: str) -> Record | None:
    from kstore.cli.commands.get import object_key

    if "/" not in text:
        return None
    try:
        key = object_key(store, text, namespace)
    except UsageError:
        return None
    return store.source.get(key, revision=store.revision)


def keep(session: Session, records: Sequence[Record], folder: Path | None, what: str) -> Path:
    """
    Save records as an export, from which `kstore restore --from` brings them back.

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


def commit(session: Session, changes: Sequence[KeyChange], done: str) -> int:
    """
    Do it, say what became of each key, and give the exit code.

    Raises:
        Interrupted: by Ctrl-C; what was done has been said.
        KstoreError: what ended it.
    """
    from kstore.write.batches import write_all
    from kstore.write.commit import Writer, Written, writable
    from kstore.write.retry import Retry

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
    return EXIT_CONFLICT if left else 0
