"""
Each call that writes fails once, or is the last that the process makes: nothing half-written is taken for whole.

The calls are those of `os`, through which all files of kstore are made; each is counted in a run that goes well, and
then fails at every number. What a disk does that is full in the middle of a write, `migrate/test_journal.py` and
`source/test_export_directory.py` try out.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from kstore.errors import KstoreError
from kstore.migrate.journal import Entry, Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.summary import Summary
from kstore.new_file import NewFile
from kstore.records import Put, Record
from kstore.source.export_directory import DirectorySource, DirectoryWriter
from kstore.source.interface import StoreStatus
from kstore.source.location.demo import open_demo
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import write_database
from kstore.source.user_cache import write_whole
from kstore.write.change import KeyChange

CALLS = ("open", "write", "pwrite", "fsync", "fdatasync", "ftruncate", "rename", "replace", "link", "mkdir", "sync")
FAULTS = (errno.ENOSPC, errno.EIO, errno.EACCES)
CONTENT = b"what is to be written " * 1000
MOST = 40
"""Numbers that are tried of an operation that makes more calls."""

Operation = Callable[[Path], object]
Whole = Callable[[Path], bool]


@contextmanager
def counting(act: Callable[[int, str], None]) -> Iterator[list[int]]:
    """While it lasts, `act` is told the number and the name of each call before it is made."""
    count = [0]
    real = {name: getattr(os, name) for name in CALLS}

    def watched(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            count[0] += 1
            act(count[0], name)
            return real[name](*arguments, **named)

        return call

    for name in CALLS:
        setattr(os, name, watched(name))
    try:
        yield count
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def make_file(folder: Path) -> None:
    """A file that replaces one that is there."""
    with NewFile(folder / "result") as new:
        new.write(CONTENT)
        new.publish()


def make_new_file(folder: Path) -> None:
    """A file that must not be there."""
    with NewFile(folder / "result") as new:
        new.write(CONTENT)
        new.publish(replace=False)


def is_file(folder: Path) -> bool:
    """Whether all of it is there."""
    return (folder / "result").read_bytes() == CONTENT


def make_export(folder: Path) -> None:
    """An export of two objects."""
    with DirectoryWriter(folder / "result", StoreStatus("x", "y", 1), {7: 60}) as writer:
        for name in (b"/registry/a", b"beside"):
            writer.add(Record(name, CONTENT, 1, 1, 1))


def is_export(folder: Path) -> bool:
    """Whether it reads back."""
    return [record.value for record in DirectorySource(folder / "result").scan()] == [CONTENT, CONTENT]


def make_cached(folder: Path) -> None:
    """A file of the cache."""
    write_whole(folder / "result", CONTENT)


def make_database(folder: Path) -> None:
    """A copy of the demo store with one key more."""
    with open_demo() as source:
        assert isinstance(source, SnapshotSource)
        write_database(source, [Put(b"/registry/new", CONTENT, 0)], folder / "result")


def is_database(folder: Path) -> bool:
    """Whether its checksum holds, and the key is there."""
    content = (folder / "result").read_bytes()
    return hashlib.sha256(content[:-32]).digest() == content[-32:] and CONTENT in content


def make_journal(folder: Path) -> None:
    """A journal of two batches, to its end; what was noted as on the disk stands in `told`."""
    writer = JournalWriter(folder / "result", {"request": {}})
    told = []
    try:
        for number in range(2):
            change = KeyChange(b"/registry/%d" % number, Record(b"/registry/%d" % number, b"old", 1, 1, 1), b"new")
            at = writer.begin([Entry.of_key(change, None, None)])
            told.append(number)
            writer.done(at, 5 + number)
        writer.finish(Summary())
    finally:
        descriptor = _OPEN(folder / "told", os.O_WRONLY | os.O_CREAT, 0o600)
        _WRITE(descriptor, json.dumps(told).encode())
        os.close(descriptor)
        writer.close()


_OPEN, _WRITE = os.open, os.write


def is_journal(folder: Path) -> bool:
    """Whether it reads to its last whole line, and no batch is missing that was said to be on the disk."""
    journal = Journal(folder / "result")
    keys = [entry.key for batch in journal.batches() for entry in batch.entries]
    told = json.loads((folder / "told").read_bytes()) if (folder / "told").exists() else []
    return keys[: len(told)] == [b"/registry/%d" % number for number in told]


OPERATIONS: dict[str, tuple[Operation, Whole]] = {
    "a file": (make_file, is_file),
    "a new file": (make_new_file, is_file),
    "an export": (make_export, is_export),
    "the cache": (make_cached, is_file),
    "a database": (make_database, is_database),
    "a journal": (make_journal, is_journal),
}


def numbers(operation: Operation, folder: Path) -> list[int]:
    """The numbers of the calls that an operation makes; of very many, some from all over."""
    folder.mkdir()
    with counting(lambda number, name: None) as count:
        operation(folder)
    step = max(1, count[0] // MOST)
    return sorted({*range(1, count[0] + 1, step), count[0]})


def left_over(folder: Path) -> list[str]:
    """What lies there beside the result."""
    return sorted(path.name for path in folder.iterdir() if path.name not in ("result", "told"))


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_call_fails(name: str, tmp_path: Path) -> None:
    """It is an error of the store or of the system; the result is whole or not there, and nothing lies beside it."""
    operation, whole = OPERATIONS[name]
    for number in numbers(operation, tmp_path / "counted"):
        for fault in FAULTS:
            folder = tmp_path / f"{number}-{fault}"
            folder.mkdir()

            def fail(at: int, call: str, number: int = number, fault: int = fault) -> None:
                if at == number:
                    raise OSError(fault, os.strerror(fault))

            with counting(fail), suppress(OSError, KstoreError):
                operation(folder)
            assert not (folder / "result").exists() or whole(folder), (number, fault)
            assert left_over(folder) == [], (number, fault)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process that dies is a fork of this one")
@pytest.mark.parametrize("name", OPERATIONS)
def test_the_process_dies(name: str, tmp_path: Path) -> None:
    """Before any call: the result is whole or not there, and the next run makes it, over whatever was left."""
    operation, whole = OPERATIONS[name]
    for number in numbers(operation, tmp_path / "counted"):
        folder = tmp_path / str(number)
        folder.mkdir()
        child = os.fork()
        if child == 0:
            with counting(lambda at, call, number=number: os._exit(9) if at == number else None):  # type: ignore[misc]
                operation(folder)
            os._exit(0)
        os.waitpid(child, 0)
        there = (folder / "result").exists()
        assert not there or whole(folder), number
        if name == "a journal" and there:
            JournalWriter(folder / "result", None).close()
            assert whole(folder), number
            continue
        if not there or name in ("a file", "the cache"):
            operation(folder)
        assert whole(folder), number
        if name != "the cache":  # which keeps what is half done under a name that nobody reads
            assert left_over(folder) == [], number
