"""
What every writer of the library is told, waits for, and notes in its journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kstore import __version__
from kstore.errors import WriteRefused
from kstore.library.journal_files import journal_beside, require_free
from kstore.source.interface import Source
from kstore.write.progress import Progress, Silent, Stop
from kstore.write.retry import Retry

if TYPE_CHECKING:
    from kstore.migrate.journal_writer import JournalWriter

Told = Callable[[int, int], None]
"""Told how many objects have been planned, and how many written."""


def default_journal() -> Path:
    """The name of a journal that nobody named."""
    return Path(f"kstore-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.journal")


def retry_of(progress: Told | None, stop: threading.Event | None, seconds: float = 120) -> Retry:
    """How long a store is waited for, who is told, and who may stop it."""
    return Retry(seconds, _Counter(progress) if progress else Silent(), Stop(stop))


@dataclass(slots=True)
class _Counter(Progress):
    """Progress as two numbers."""

    told: Told
    planned: int = 0
    done: int = 0

    def step(self, step: object) -> None:
        self.planned += 1
        self.told(self.planned, self.done)

    def written(self, objects: int) -> None:
        self.done += objects
        self.told(self.planned, self.done)

    def waiting(self, reason: str, seconds: float) -> None:
        """Nothing is planned or written meanwhile."""


def began(source: Source, address: str, prefix: str, output: Path | None) -> dict[str, Any]:
    """
    What the first line of every journal says: of which store, when, and by which kstore.

    Args:
        source: the store that is written, or that the new file is made of.
        address: its address, as it is right from any directory; empty for the source's own.
        prefix: that of the keys that are written.
        output: the new database; None where a running store is written.
    """
    status = source.status()
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "kstore": __version__,
        "store": address or status.location,
        "prefix": prefix,
        "revision": status.revision,
        "cluster": status.cluster_id,
        "output": str(output.resolve()) if output else "",
    }


@contextmanager
def journal_of_file(output: Path, journal: Path | None, header: dict[str, Any]) -> Iterator[JournalWriter]:
    """
    The journal of a new database: it appears together with the database, or not at all.

    Args:
        output: the new database, which must not be there.
        journal: the journal's name; None for the one beside the output.
        header: its first line.

    Raises:
        WriteRefused: the output is there already.
        JournalTaken: the journal's name is another file's.
    """
    from kstore.migrate.journal_writer import JournalWriter

    path = journal or journal_beside(output)
    if output.exists():
        raise WriteRefused("the file already exists", where=str(output), hint="name another output")
    require_free(path, output)
    writer = JournalWriter(path, header, appears_whole=True)
    try:
        yield writer
    finally:
        writer.close()
