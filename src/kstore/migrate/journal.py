"""
The journal of a migration: what was about to be written, and what came of it.

A text file that only grows: a line is a JSON object, a tab, and the CRC-32 of the object's text in hex. The first line
says what the file is (`format`, `version`) and how the migration was asked for. Before the first write of a batch its
line is on the disk: keys, revisions, leases, the bytes as they lay there (sealed ones stay sealed) and the SHA-256 of
those to come. After it, a line says that it was done, at which revision, or that it was not. A last line that a crash
has torn is as if it had never been; damage anywhere else is an error.

Knows nothing of stores.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kstore.errors import JournalError
from kstore.migrate.plan import Change

FORMAT, VERSION = "kstore-journal", 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a batch."""

    key: bytes
    mod_revision: int
    """What the key's revision was, on which the write depended."""
    create_revision: int
    version: int
    lease: int
    before: bytes = field(repr=False)
    """The bytes as they were stored."""
    after: str
    """The SHA-256 of the bytes that were to be stored, in hex."""
    stored: str
    """What it was stored as: `apps/v1beta1`."""
    target: str
    kind: str

    @staticmethod
    def of(change: Change) -> Entry:
        """What the journal keeps of a change."""
        record = change.record
        return Entry(
            record.key, record.mod_revision, record.create_revision, record.version, record.lease, record.value,
            digest(change.value), change.stored.api_version, str(change.target), change.stored.kind,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction: its objects, and what is known of its end."""

    number: int
    entries: tuple[Entry, ...]
    revision: int | None = None
    """The revision that wrote it; 0 when it did not happen; None when the journal ends before that was known."""
    revisions: tuple[int, ...] = ()
    """The revision of each object, where they differ (offline each change has one of its own)."""

    def revision_of(self, index: int) -> int:
        """The revision that wrote one of the objects."""
        return self.revisions[index] if self.revisions else self.revision or 0


def digest(value: bytes) -> str:
    """The SHA-256 of stored bytes, as the journal has it."""
    return hashlib.sha256(value).hexdigest()


class JournalWriter:
    """
    Appends to a journal; used by several threads at once.

    Args:
        path: the file.
        header: how the migration was asked for; None goes on with a journal that is there.

    Raises:
        JournalError: the file is there already (or, to go on with, is not), cannot be written, or is being written.
    """

    def __init__(self, path: Path, header: dict[str, Any] | None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._number = 0
        fresh = os.O_CREAT | os.O_EXCL if header is not None else 0
        try:
            self._descriptor = _locked(os.open(path, os.O_WRONLY | os.O_APPEND | fresh, 0o600), path)
            if header is None:
                self._number = _cut_torn_line(path)
        except FileExistsError:
            raise JournalError(
                "there is a journal of this name already",
                where=str(path),
                hint=f"`kstore migrate resume {path}` goes on with it; --journal names another",
            ) from None
        except OSError as error:
            raise JournalError(f"the journal cannot be written: {error.strerror}", where=str(path)) from error
        if header is not None:
            self._append({"format": FORMAT, "version": VERSION, **header}, sync=True)
            _sync_folder(path.parent)

    def begin(self, changes: Sequence[Change]) -> int:
        """
        Put a batch on the disk before it is written to the store.

        Returns:
            The batch's number.
        """
        with self._lock:
            self._number += 1
            number = self._number
        self._append({"batch": number, "objects": [_packed(Entry.of(change)) for change in changes]}, sync=True)
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

    def note(self, **facts: Any) -> None:
        """Write down what happened beside the batches: `finished`, `rolledBack`."""
        self._append(facts, sync=True)

    def close(self) -> None:
        """Bring everything to the disk and close the file."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)

    def _append(self, line: dict[str, Any], *, sync: bool = False) -> None:
        import orjson

        text = orjson.dumps(line)
        data = text + b"\t%08x\n" % zlib.crc32(text)
        try:
            with self._lock:
                written = os.write(self._descriptor, data)
                while written < len(data):
                    written += os.write(self._descriptor, data[written:])
            if sync:
                os.fdatasync(self._descriptor)
        except OSError as error:
            raise JournalError(
                f"the journal cannot be written: {error.strerror}; nothing more is written to the store",
                where=str(self.path),
            ) from error


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
        first = next(self._lines(), None)
        if first is None or first.get("format") != FORMAT:
            raise JournalError("this is no journal of a migration", where=str(path))
        if first.get("version") != VERSION:
            raise JournalError(
                f"the journal is of version {first.get('version')}, this kstore reads {VERSION}",
                where=str(path),
                hint="use the kstore that wrote it",
            )
        self.header: dict[str, Any] = first

    def batches(self) -> Iterator[Batch]:
        """Yield the batches in the order in which they ended; those without a known end come last."""
        for line in self.events():
            if isinstance(line, Batch):
                yield line

    def events(self) -> Iterator[Batch | dict[str, Any]]:
        """Yield batches, and the notes between them as they were written."""
        open_batches: dict[int, tuple[Entry, ...]] = {}
        lines = self._lines()
        next(lines, None)
        for line in lines:
            if "batch" in line:
                open_batches[line["batch"]] = tuple(map(_unpacked, line["objects"]))
            elif "done" in line:
                entries = open_batches.pop(line["done"])
                yield Batch(line["done"], entries, line["revision"], tuple(line.get("revisions", ())))
            elif "undone" in line:
                yield Batch(line["undone"], open_batches.pop(line["undone"]), 0)
            else:
                yield line
        for number, entries in open_batches.items():
            yield Batch(number, entries)

    def notes(self) -> dict[str, Any]:
        """All notes as one, the later ones over the earlier."""
        found: dict[str, Any] = {}
        for line in self.events():
            if isinstance(line, dict):
                found.update(line)
        return found

    def _lines(self) -> Iterator[dict[str, Any]]:
        import orjson

        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    text, tab, checksum = line.rstrip(b"\n").rpartition(b"\t")
                    if line.endswith(b"\n") and tab and checksum == b"%08x" % zlib.crc32(text):
                        yield orjson.loads(text)
                    elif file.read(1):
                        fault = f"line {number} is damaged" if number > 1 else "this is no journal of a migration"
                        raise JournalError(fault, where=str(self.path))
        except FileNotFoundError:
            raise JournalError("there is no such journal", where=str(self.path)) from None
        except OSError as error:
            raise JournalError(f"the journal cannot be read: {error.strerror}", where=str(self.path)) from error


def _locked(descriptor: int, path: Path) -> int:
    """The descriptor: a journal has one writer; where the file system knows no locks, people see to it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise JournalError(
            "another kstore is writing this journal", where=str(path), hint="wait for it, or stop it with Ctrl-C"
        ) from None
    except OSError:
        pass
    return descriptor


def _cut_torn_line(path: Path) -> int:
    """Cut off a last line that was never finished, and find the number of the last batch."""
    last = max((batch.number for batch in Journal(path).batches()), default=0)
    with path.open("r+b") as file:
        whole = 0
        for line in file:
            text, tab, checksum = line.rstrip(b"\n").rpartition(b"\t")
            if line.endswith(b"\n") and tab and checksum == b"%08x" % zlib.crc32(text):
                whole += len(line)
        file.truncate(whole)
    return last


def _packed(entry: Entry) -> dict[str, Any]:
    return {
        "key": base64.b64encode(entry.key).decode(),
        "modRevision": entry.mod_revision,
        "createRevision": entry.create_revision,
        "version": entry.version,
        "lease": entry.lease,
        "before": base64.b64encode(entry.before).decode(),
        "afterSHA256": entry.after,
        "kind": entry.kind,
        "from": entry.stored,
        "to": entry.target,
    }


def _unpacked(packed: dict[str, Any]) -> Entry:
    return Entry(
        base64.b64decode(packed["key"]), packed["modRevision"], packed["createRevision"], packed["version"],
        packed["lease"], base64.b64decode(packed["before"]), packed["afterSHA256"], packed["from"], packed["to"],
        packed["kind"],
    )  # fmt: skip


def _sync_folder(folder: Path) -> None:
    """A new file's name must be on the disk as well; not every file system can be asked for that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
