"""
Single objects changed in a store that is a file: written, with a journal, as a new database beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.journals import command
from kstore.cli.session import Session
from kstore.errors import JournalError, JournalTaken, SourceError, UsageError, WriteRefused
from kstore.library.journal_files import journal_beside, require_free
from kstore.printable import command_text, key_text

if TYPE_CHECKING:
    from kstore.write.compare_and_swap import KeyChange

output_option = click.option(
    "--output", "output_file", type=click.Path(path_type=Path), metavar="FILE",
    help="A new database with the changes, for a store that is a file.",
)  # fmt: skip


def see_that_it_may_change(session: Session, output: Path | None) -> None:
    """
    See that the store can be changed: in place, or into a new file.

    Raises:
        UsageError: an old revision is looked at, or a running store was to be written into a file.
        WriteRefused: a file was to be changed in place, is none of etcd's, or the new file is there already.
        NotWritable: the store is only read.
        SourceError: the directory of the new file does not exist.
        JournalError: the name of its journal is another file's.
    """
    from kstore.repair.offline import copyable
    from kstore.source.snapshot.source import SnapshotSource
    from kstore.write.commit import writable

    source = session.source
    if session.given.rev:
        raise UsageError("an old revision is looked at, not changed", hint="leave --rev out")
    if output is None:
        if isinstance(source, SnapshotSource):
            raise WriteRefused(
                f"a {source.kind} is not modified in place",
                where=source.status().location,
                hint="pass --output NEW.db: a copy of it with the changes",
            )
        writable(source)
        return
    copyable(source)
    if output.exists():
        raise WriteRefused("the file already exists", where=str(output), hint="name another output")
    if not output.absolute().parent.is_dir():
        raise SourceError("there is no such directory", where=str(output.parent))
    try:
        require_free(journal_beside(output), output)
    except JournalTaken as error:  # no option names a journal here
        raise JournalError(error.message, where=error.where, hint="name another output") from None


def write_copy(session: Session, changes: Sequence[KeyChange], done: str, output: Path) -> int:
    """
    Write the new file, say what became of each key, and give the exit code.

    Raises:
        KstoreError: why there is no new file; nothing is left of it then.
    """
    from kstore.migrate.journal_writer import JournalWriter
    from kstore.migrate.key_journal import KeyJournal
    from kstore.repair.offline import copyable, write_changes

    path = journal_beside(output)
    writer = JournalWriter(path, _header(session, output), appears_whole=True)
    try:
        written = write_changes(copyable(session.source), changes, output, KeyJournal(writer, session.codec))
    finally:
        writer.close()
    first = written.revision - len(changes) + 1
    for revision, key in enumerate(sorted(change.key for change in changes), first):
        click.echo(f"{key_text(key)} {done} (revision {revision})")
    click.echo(f"new database: {output}, at revision {written.revision}; the store is as it was", err=True)
    click.echo(f"`{command('migrate', 'verify', str(output))}` compares the two", err=True)
    say_if_without_checksum(output)
    return 0


def say_if_without_checksum(output: Path) -> None:
    """Say what etcdutl has to be told where a new database has no checksum, because its store has none."""
    from kstore.source.snapshot.source import has_checksum

    if not has_checksum(output.stat().st_size):
        click.echo(
            "it has no checksum, for only a saved snapshot ends with one: "
            f"`{command_text('etcdutl', 'snapshot', 'restore', '--skip-hash-check', str(output))}` takes it",
            err=True,
        )


def _header(session: Session, output: Path) -> dict[str, Any]:
    """The first line of the journal: what `migrate verify` needs to open both databases as they are opened now."""
    from importlib.metadata import version

    from kstore.migrate.request import Request

    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "kstore": version("kstore"),
        "store": session.location.absolute,
        "prefix": session.store.prefix,
        "revision": session.source.status().revision,
        "output": str(output.resolve()),
        **Request(release=session.release.name).header(),
    }
