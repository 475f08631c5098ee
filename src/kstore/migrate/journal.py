"""
The journal of a migration, read: what was about to be written, and what came of it.

A text file that only grows, of the lines of `journal_format`. Before the first write of a batch its line is on the
disk: keys, revisions, leases, the stored bytes (encrypted ones stay encrypted) and the SHA-256 of those to come. After
it, a line says that it was done, at which revision, or that it was not. The line that ends a journal counts and
hashes all before it. A last line that a crash has torn is as if it had never been; damage anywhere else is an error.

Knows nothing of stores, and writes nothing (`journal_writer.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from kstore.errors import JournalError
from kstore.migrate.journal_format import (
    FORMAT,
    VERSION,
    Batch,
    Entry,
    MalformedLine,
    Note,
    check_header,
    digest,
    is_whole,
    kind_of,
    objects_of,
    parsed,
    revisions_of,
)
from kstore.regular_file import open_regular

_NO_JOURNAL: Final = "this is no journal of a migration"
_WHICH: Final = "a migration prints the name of its journal at its end; for a new file NEW.db it is NEW.db.journal"

LONGEST_HEADER, LONGEST_LINE = 1 << 20, 256 << 20
"""Bytes of the first line, and of one of the others: what one transaction replaced, in base64."""


class Totals:
    """
    What the lines of a journal come to so far, for the line that ends it.

    Takes the lines in their order, as they are read or written.
    """

    def __init__(self) -> None:
        self.lines = 0
        self.bytes = 0
        self.written = 0
        """Objects of the batches that were done."""
        self.last_batch = 0
        self._digest = hashlib.sha256()
        self._open: dict[int, int] = {}

    def add(self, line: bytes, members: dict[str, Any]) -> None:
        """Take a line."""
        self.lines += 1
        self.bytes += len(line)
        self._digest.update(line)
        if "batch" in members:
            self.last_batch = max(self.last_batch, members["batch"])
            self._open[members["batch"]] = len(members["objects"])
        elif "done" in members:
            self.written += self._open.pop(members["done"], 0)
        elif "undone" in members:
            self._open.pop(members["undone"], None)

    @property
    def sha256(self) -> str:
        """Of all lines, in hex."""
        return self._digest.hexdigest()


class Journal:
    """
    A journal that is read.

    Args:
        path: the file.

    Raises:
        JournalError: there is none, it is no journal, of a later version, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = 0
        """The number of a last line that breaks off, as a crash leaves one; known once all events were read."""
        first = next(self._lines(), None)
        if first is None or first[1].get("format") != FORMAT:
            raise JournalError(_NO_JOURNAL, where=str(path), hint=_WHICH)
        header = first[1]
        if header.get("version") != VERSION:
            raise JournalError(
                f"the journal is of version {header.get('version')}, this kstore reads {VERSION}",
                where=str(path),
                hint="use the kstore that wrote it",
            )
        try:
            check_header(header)
        except MalformedLine as error:
            raise self._malformed(1, error) from None
        self.header: dict[str, Any] = header

    def batches(self) -> Iterator[Batch]:
        """Yield the batches in the order in which they ended; those without a known end come last."""
        for line in self.events():
            if isinstance(line, Batch):
                yield line

    def events(self) -> Iterator[Batch | Note]:
        """
        Yield batches, and the notes between them as they were written.

        Raises:
            JournalError: a line is damaged, not as described, or missing.
        """
        yield from self._events(Totals())

    def totals(self) -> Totals:
        """
        What all whole lines come to.

        Raises:
            JournalError: as `events`.
        """
        totals = Totals()
        for _ in self._events(totals):
            pass
        return totals

    def _events(self, totals: Totals) -> Iterator[Batch | Note]:
        open_batches: dict[int, tuple[Entry, ...]] = {}
        lines = self._lines()
        for line, members in lines:
            number = totals.lines + 1
            event = None
            if number > 1:
                try:
                    event = _event(members, totals, open_batches)
                except MalformedLine as error:
                    raise self._malformed(number, error) from None
            totals.add(line, members)
            if event is not None:
                yield event
        for number, entries in open_batches.items():
            yield Batch(number, entries)

    def _lines(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Yield each whole line and its members."""
        self.torn = 0
        try:
            with open_regular(self.path) as file:
                number = 0
                while line := file.readline(LONGEST_LINE if number else LONGEST_HEADER):
                    number += 1
                    if is_whole(line):
                        try:
                            yield line, parsed(line)
                        except MalformedLine as error:
                            raise self._malformed(number, error) from None
                    elif file.read(1):
                        if number == 1:
                            raise JournalError(_NO_JOURNAL, where=str(self.path), hint=_WHICH)
                        raise JournalError(f"line {number} is damaged", where=str(self.path))
                    else:
                        self.torn = number
        except FileNotFoundError:
            raise JournalError("there is no such journal", where=str(self.path), hint=_WHICH) from None
        except OSError as error:
            raise JournalError(f"the journal cannot be read: {error.strerror}", where=str(self.path)) from error

    def _malformed(self, number: int, error: MalformedLine) -> JournalError:
        return JournalError(f"line {number} is not as a journal has it: {error}", where=str(self.path))


def _event(members: dict[str, Any], before: Totals, open_batches: dict[int, tuple[Entry, ...]]) -> Batch | Note | None:
    """What a line says; nothing yet where it only begins a batch."""
    kind = kind_of(members)
    number = members[kind]
    if kind == "batch":
        if number in open_batches:
            raise MalformedLine(f"batch {number} was begun before")
        open_batches[number] = objects_of(members)
        return None
    if kind in ("done", "undone"):
        entries = open_batches.pop(number, None)
        if entries is None:
            raise MalformedLine(f"it ends batch {number}, which no line before it begins")
        if kind == "undone":
            return Batch(number, entries, 0, reason=str(members.get("reason", "")))
        return Batch(number, entries, members["revision"], revisions_of(members, len(entries)))
    note = Note(kind, members)
    if note.is_end and (members["lines"], members["sha256"]) != (before.lines, before.sha256):
        raise MalformedLine(
            f"it ends a journal of {members['lines']} other lines, {before.lines} stand before it: "
            "lines are missing, or not those that were written"
        )
    return note


__all__ = ["LONGEST_HEADER", "LONGEST_LINE", "Batch", "Entry", "Journal", "Note", "Totals", "digest"]
