"""
One store, its books and one migration after the other, each of which is disturbed, gone on with, proved and undone.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from kstore.source.etcd.live import LiveSource
from tools.torture.books import Books, after, before
from tools.torture.processes import Kstore, Unbalanced, until

BRISK = ("--batch", "2", "--rate", "150", "--concurrency", "2")
"""So many objects a second that a migration of sixty is under way for long enough to be disturbed."""


class Trial:
    """
    A store in which migrations are tried.

    Args:
        endpoints: as kstore gets them.
        others: as other clients reach it.
        folder: for journals and what is said.
        chosen: where the numbers are from.
        count: objects.
        options: of each kstore, before its command.
    """

    def __init__(
        self, endpoints: str, others: LiveSource, folder: Path, chosen: random.Random, *, count: int = 60,
        options: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.folder = folder
        self.books = Books(others, chosen, count)
        self.random = chosen
        self.journal = folder / "0.journal"
        self._turn = 0
        self._written = 0
        self._store = ("--store", endpoints)
        self._options = options

    # ---- commands

    def kstore(self, *words: str) -> Kstore:
        """A command, under way."""
        return Kstore(self.folder / "said", *self._options, *words)

    def migrate(self, *more: str, journal: Path | None = None) -> Kstore:
        """A migration, begun, or gone on with where it has a journal."""
        path = journal or self.journal
        if path.exists():
            return self.kstore("migrate", "resume", str(path), *more)
        arguments = ("--to", "apps/v1", "--yes", "--workers", "1", "--journal", str(path))
        return self.kstore(*self._store, "migrate", *arguments, *more)

    def apart(self, environment: Mapping[str, str], *more: str) -> subprocess.Popen[bytes]:
        """A migration in a process that is not forked, but started with an environment of its own."""
        words = [
            *self._options,
            *self._store,
            "migrate",
            "--to",
            "apps/v1",
            "--yes",
            "--journal",
            str(self.journal),
            *more,
        ]
        with (self.folder / "said").open("ab") as log:
            command = [sys.executable, "-m", "kstore", *words]
            return subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})

    def said(self) -> str:
        """The end of what all commands have said."""
        return (self.folder / "said").read_text(errors="replace")[-3000:]

    def demand(self, process: Kstore, *codes: int) -> int:
        """
        Wait for a command's end.

        Raises:
            Unbalanced: its exit code is none of these.
        """
        code = process.ended()
        if code not in codes:
            raise Unbalanced(f"kstore {' '.join(process.words)}: exit code {code}, not {codes}\n{process.said()}")
        return code

    def size(self) -> int:
        """How much is in the journal."""
        return self.journal.stat().st_size if self.journal.exists() else 0

    def until_it_writes(self, process: Kstore) -> bool:
        """Wait until a migration has noted more changes, and a moment; whether it is still under way."""
        size = self.size()
        until(lambda: self.size() > size or not process.runs, "a migration writes")
        time.sleep(self.random.uniform(0, 0.3))
        return process.runs

    # ---- the books

    def balance(self) -> None:
        """
        With nobody else there any more: resume, prove, undo, each twice; and begin anew with another journal.

        Raises:
            Unbalanced: a promise was not kept.
        """
        self.books.hold("every object is as before or as after", before, after)
        self.demand(self.migrate(), 0)
        self.books.hold("a resume completes the migration", after)
        self._changes_nothing("resume", 0)
        verified = self.demand(self.kstore("migrate", "verify", str(self.journal)), 0, 5)
        if verified and self.books.written == self._written:
            raise Unbalanced(f"a verification finds what others have changed only\n{self.said()}")
        self.undo()

    def undo(self) -> None:
        """Roll back, twice, and begin anew with another journal."""
        rollback = ("migrate", "rollback", str(self.journal), "--yes")
        code = self.demand(self.kstore(*rollback), 0, 4)  # 4: what others have changed behind it is named
        self.books.hold("a rollback brings back what others wrote last", before)
        self._changes_nothing("rollback", code, "--yes")
        self.journal.unlink()
        self._turn += 1
        self._written = self.books.written
        self.journal = self.folder / f"{self._turn}.journal"

    def _changes_nothing(self, command: str, code: int, *more: str) -> None:
        revision = self.books.revision()
        self.demand(self.kstore("migrate", command, str(self.journal), *more), code)
        if self.books.revision() != revision:
            raise Unbalanced(f"a second {command} changes nothing")
