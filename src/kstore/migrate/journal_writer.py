"""
Writes the journal of a migration: each batch durably before it is written to the store, and what came of it after.

Knows the file: its one writer, what a crash leaves of a line, what is on the disk for certain. What the lines say is
`journal_format.py`'s, and what they come to is read with `journal.py`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from kstore.errors import Interrupted, JournalError, JournalExists
from kstore.migrate.journal import Journal, Totals
from kstore.migrate.journal_format import ENDS, FORMAT, VERSION, Entry, as_line, packed
from kstore.migrate.plan import Change
from kstore.new_file import NewFile, sync_folder
from kstore.operating_system import lock, write_at
from kstore.regular_file import open_regular

_CHUNK = 1 << 20


class Counts(Protocol):
    """What the last line says of what was not written."""

    @property
    def unchanged(self) -> int:
        """Objects that needed no write."""
        ...

    @property
    def skipped_count(self) -> int:
        """Objects that were left as they are, and named."""
        ...

    @property
    def conflicts(self) -> int:
        """Objects that others changed meanwhile."""
        ...


class JournalWriter:
    """
    Appends to a journal; used by several threads at once.

    Args:
        path: the file.
        header: how the migration was asked for; None goes on with a journal that is there.
        appears_whole: the file gets its name by `publish` only, and is discarded without it: for a migration whose
            result is a new file. Over one that has the name.

    Raises:
        JournalError: the file is there already (or, to go on with, is not), cannot be written, or is being written.
    """

    def __init__(self, path: Path, header: dict[str, Any] | None, *, appears_whole: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._synced = 0
        self._totals = Totals()
        self._syncs = not appears_whole
        self._broken: OSError | None = None
        self._new: NewFile | None = None
        try:
            if header is None:
                self._descriptor = _existing(path)
                self._go_on()
            else:
                self._create({"format": FORMAT, "version": VERSION, **header})
        except FileExistsError:
            raise JournalExists("there is a journal of this name already", where=str(path)) from None
        except BlockingIOError:
            raise JournalError(
                "another process is writing this journal", where=str(path), hint="wait for it, or stop it with Ctrl-C"
            ) from None
        except OSError as error:
            raise self._error(error) from error
        self._number = self._totals.last_batch

    def _create(self, header: dict[str, Any]) -> None:
        """A new file, which is never seen without its first line."""
        self._new = NewFile(self.path)
        self._descriptor = self._new.descriptor
        try:
            self._append(header)
            if self._syncs:
                self._new.publish(replace=False)
        except BaseException:
            self._new.close()
            raise

    def _go_on(self) -> None:
        """Cut off a last line that was never finished, and go on behind it."""
        try:
            self._totals = Journal(self.path).totals()
            os.ftruncate(self._descriptor, self._totals.bytes)
            self._write_again()
        except BaseException:
            os.close(self._descriptor)
            raise

    def _write_again(self) -> None:
        """
        Bring to the disk what is there to be read, and its name: where an earlier run failed to, the system has it as
        long as it runs, and takes it for synced. Each byte is written over itself, so that no crash does harm.
        """
        with open_regular(self.path) as file:
            while chunk := file.read(_CHUNK):
                write_at(self._descriptor, chunk, file.tell() - len(chunk))
        os.fsync(self._descriptor)
        sync_folder(self.path.parent)

    def begin(self, changes: Sequence[Change] | Sequence[Entry]) -> int:
        """
        Put a batch on the disk before it is written to the store; or the entries of one that was found to be written.

        Returns:
            The batch's number.
        """
        with self._lock:
            self._number += 1
            number = self._number
        entries = [one if isinstance(one, Entry) else Entry.of(one) for one in changes]
        self._append({"batch": number, "objects": [packed(entry) for entry in entries]}, sync=True)
        return number

    def done(self, number: int, revision: int, revisions: Sequence[int] = ()) -> None:
        """Say that a batch was written, at this revision."""
        line: dict[str, Any] = {"done": number, "revision": revision}
        if revisions:
            line["revisions"] = list(revisions)
        self._append(line)

    def undone(self, number: int, reason: str) -> None:
        """Say that a batch did not happen."""
        self._append({"undone": number, "reason": reason})

    def finish(self, summary: Counts) -> None:
        """Say that the migration came to its end: the last line, which counts and hashes all lines before it."""
        totals = {"unchanged": summary.unchanged, "skipped": summary.skipped_count, "conflicts": summary.conflicts}
        self._append({"finished": _now(), **totals}, sync=True)

    def begin_rollback(self) -> None:
        """Say that the migration is about to be undone: from now on it is not to be gone on with."""
        self._append({"rollingBack": _now()}, sync=True)

    def finish_rollback(self, restored: int) -> None:
        """Say that it was undone, and for how many objects; the last line, as `finish` writes one."""
        self._append({"rolledBack": _now(), "restored": restored}, sync=True)

    @contextmanager
    def goes_on(self) -> Iterator[None]:
        """
        What is interrupted within can be resumed from this journal, and says so.

        Raises:
            Interrupted: as it was raised within, with the journal's path.
        """
        try:
            yield
        except Interrupted as error:
            raise Interrupted(error.message, journal=str(self.path)) from None

    def publish(self) -> None:
        """
        Give a journal that appears whole its name.

        Raises:
            JournalError: it cannot be.
        """
        assert self._new is not None
        try:
            self._new.publish()
        except OSError as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Bring everything to the disk and close the file; one that never got its name is removed."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._error(error) from error
        finally:
            if self._new is not None:
                self._new.close()
            else:
                os.close(self._descriptor)

    def _append(self, members: dict[str, Any], *, sync: bool = False) -> None:
        try:
            with self._lock:
                if self._broken is not None:
                    raise self._broken
                if next(iter(members)) in ENDS:
                    members = self._with_totals(members)
                line = as_line(members)
                self._write(line)
                self._totals.add(line, members)
                end = self._totals.bytes
            if sync and self._syncs:
                self._sync(end)
        except OSError as error:
            raise self._error(error) from error

    def _with_totals(self, members: dict[str, Any]) -> dict[str, Any]:
        totals = self._totals
        written = {"written": totals.written} if "finished" in members else {}
        return {**members, **written, "lines": totals.lines, "sha256": totals.sha256}

    def _write(self, line: bytes) -> None:
        """Write a line, or nothing: what a failure left of it is cut off, so that nothing is appended to it."""
        try:
            write_at(self._descriptor, line, self._totals.bytes)
        except BaseException:
            try:
                os.ftruncate(self._descriptor, self._totals.bytes)
            except OSError as error:
                self._broken = error
            raise

    def _sync(self, end: int) -> None:
        """
        Bring the file to the disk up to a byte; one thread does so for all whose lines are there by then.

        A sync that failed has dropped the lines of every thread, and the system says it to one alone: the others must
        not ask after it.
        """
        with self._syncing:
            if self._broken is not None:
                raise self._broken
            if end <= self._synced:
                return
            with self._lock:
                written = self._totals.bytes
            try:
                os.fdatasync(self._descriptor)
            except OSError as error:  # what is on the disk now nobody knows: asked again, it would say all is well
                self._broken = error
                raise
            self._synced = written

    def _error(self, error: OSError) -> JournalError:
        return JournalError(
            f"the journal cannot be written: {error.strerror}; nothing more is written to the store",
            where=str(self.path),
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _existing(path: Path) -> int:
    """The descriptor of a journal that is there, with the lock of its one writer."""
    open_regular(path).close()
    descriptor = os.open(path, os.O_WRONLY)
    try:
        lock(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
