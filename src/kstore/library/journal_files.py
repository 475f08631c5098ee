"""
Where the journals of migrations are: beside a new database, or where they were put; and whether a name is free.
"""

from __future__ import annotations

from pathlib import Path

from kstore.errors import JournalError, JournalTaken
from kstore.migrate.journal import Journal
from kstore.new_file import unfinished


def open_journal(path: Path) -> Journal:
    """
    The journal of that name, or the one beside a migrated database of that name.

    Raises:
        JournalError: there is none.
    """
    beside = journal_beside(path)
    if beside.exists():
        return Journal(beside)
    for candidate in (path, beside):
        if not path.exists() and unfinished(candidate).exists():
            raise JournalError(
                "the migration that this is the journal of is still going on, or was killed before its end",
                where=str(unfinished(candidate)),
                hint="if it was killed, run the same command again: its input is as it was, and no output was written",
            )
    return Journal(path)


def journal_beside(output: Path) -> Path:
    """The journal of a migrated database."""
    return output.with_name(output.name + ".journal")


def require_free(path: Path, output: Path) -> None:
    """
    See that a new journal may take the name: nothing has it, or the journal of a migration that was killed before its
    output appeared.

    Args:
        path: the journal's name.
        output: the new database, which is not there.

    Raises:
        JournalTaken: another file has the name.
    """
    if not path.exists():
        return
    try:
        left_behind = Path(Journal(path).header.get("output") or "") == output.resolve()
    except JournalError:
        left_behind = False
    if not left_behind:
        raise JournalTaken(
            "there is a file of this name already, and not the journal of a migration into this output",
            where=str(path),
        )
