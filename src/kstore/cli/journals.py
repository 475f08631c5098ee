"""
What is done with a migration's journal afterwards: it is found, undone, held against the store.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kstore.cli.agreement import agree
from kstore.cli.migration_report import Shown
from kstore.cli.options import Settings, settings
from kstore.cli.session import Session
from kstore.cli.stopping import stopping
from kstore.errors import WriteRefused

if TYPE_CHECKING:
    from kstore.migrate.journal import Journal

EXIT_CONFLICT, EXIT_FOUND = 4, 5


def open_journal(path: Path) -> Journal:
    """
    The journal of that name, or the one beside a migrated database of that name.

    Raises:
        JournalError: there is none.
    """
    from kstore.migrate.journal import Journal

    beside = journal_beside(path)
    return Journal(beside if beside.exists() else path)


def journal_beside(output: Path) -> Path:
    """Where the journal of a migrated database lies."""
    return output.with_name(output.name + ".journal")


def as_journaled(given: Settings, journal: Journal) -> Settings:
    """
    The options, and where they say nothing the store and the prefix that the journal was written for.

    What was written as a new file is that file, whatever store is named beside it.
    """
    header = journal.header
    if header.get("output"):
        given = replace(given, store=header["output"], context="")
    elif not given.store and not given.context:
        given = replace(given, store=header.get("store", ""))
    return replace(given, etcd_prefix=given.etcd_prefix or header.get("prefix", ""))


def roll_back(journal: Journal, *, yes: bool, shown: Shown) -> int:
    """
    Undo a migration; the exit code.

    Raises:
        WriteRefused: the store cannot be written, or nobody said that it shall be.
        Interrupted: by Ctrl-C; it can be run again.
    """
    from kstore.migrate.journal import JournalWriter
    from kstore.migrate.rollback import Rollback
    from kstore.migrate.verify import state_of
    from kstore.source.interface import WritableSource

    if journal.header.get("output"):
        raise WriteRefused(
            "the migration wrote a new file; what it was made from is as it was",
            where=str(journal.header["output"]),
            hint="delete the file",
        )
    session = Session(as_journaled(settings(), journal))
    try:
        source = session.source
        if not isinstance(source, WritableSource):
            raise WriteRefused("this store is only read", where=session.location.address)
        objects = state_of(journal).objects
        agree(f"Put back {objects} objects of {session.location.address}?", yes=yes, hint="--yes agrees")
        writer = JournalWriter(journal.path, None)
        try:
            with stopping() as stop:
                result = Rollback(journal, source, stop=stop).run()
            writer.note(rolledBack=datetime.now(UTC).isoformat(timespec="seconds"), restored=result.restored)
        finally:
            writer.close()
    finally:
        session.close()
    findings = list(result.findings.values())
    shown.findings(
        findings,
        {"restored": result.restored, "alreadyBack": result.already, "left": len(findings)},
        f"{result.restored} objects are as they were before",
    )
    return EXIT_CONFLICT if findings else 0


def verify(journal: Journal, shown: Shown) -> int:
    """Hold the store, or the database that was written, against a journal; the exit code."""
    from kstore.migrate.verify import verify_file, verify_live
    from kstore.source.location.address import open_source

    release = journal.header["request"]["release"]
    session = Session(replace(as_journaled(settings(), journal), release=release))
    try:
        if journal.header.get("output"):
            with open_source(journal.header["store"]) as before:
                result = verify_file(journal, before, session.source, session.codec)
            detail = f"{result.objects} objects read again, {result.others} others compared"
        else:
            result = verify_live(journal, session.source, session.codec)
            detail = f"{result.objects} objects read again"
    finally:
        session.close()
    counts = {"objects": result.objects, "others": result.others, "findings": len(result.findings)}
    shown.findings(result.findings, counts, f"{detail}: all are as planned")
    return EXIT_FOUND if result.findings else 0
