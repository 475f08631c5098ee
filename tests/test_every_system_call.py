"""
Each call that writes fails once, or is the last that the process makes: nothing half-written is taken for whole.

The calls are those of `os`, through which all files of kstore are made, those of what `os.fdopen` opens included; each
is counted in a run that goes well, and then fails at every number. What a disk does that is full in the middle of a
write, `migrate/test_journal.py` and `source/test_export_directory.py` try out.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kstore.catalog.releases import newest
from kstore.cli.draft import Draft, read_text
from kstore.cli.migration import Run
from kstore.codec import StorageCodec
from kstore.errors import KstoreError
from kstore.inspect.backup_proof import Counts, Step, Verdict
from kstore.inspect.proof_record import Proof, Subject, expected_by, write_record
from kstore.migrate import plan
from kstore.migrate.journal import Entry, Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import VersionPlanner
from kstore.migrate.planfile import SavedPlan, save_plan
from kstore.migrate.request import Request
from kstore.migrate.summary import Summary
from kstore.migrate.targets import VersionTargets
from kstore.naming import GroupVersion
from kstore.new_file import NewFile
from kstore.records import Put, Record
from kstore.scheme.scheme import Scheme
from kstore.source.export_directory import DirectorySource, DirectoryWriter
from kstore.source.interface import StoreStatus
from kstore.source.location.config_edit import ConfigDocument
from kstore.source.location.demo import open_demo
from kstore.source.snapshot.source import SnapshotSource
from kstore.source.snapshot.writer import write_database
from kstore.source.user_cache import write_whole
from kstore.sql.asked_store import AskedStore
from kstore.sql.columns import Row
from kstore.sql.parquet import write_parquet
from kstore.sql.tables import object_rows
from kstore.store import Store
from kstore.testing import MemorySource
from kstore.write.compare_and_swap import KeyChange

CALLS = ("open", "write", "pwrite", "fsync", "fdatasync", "ftruncate", "rename", "replace", "link", "mkdir", "sync")
FAULTS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EINTR)
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
    os.fdopen = _opened  # type: ignore[assignment]
    try:
        yield count
    finally:
        os.fdopen = _FDOPEN
        for name, function in real.items():
            setattr(os, name, function)


class _Raw(io.RawIOBase):
    """A file that is written by `os.write`, as the one that stands for it writes by the system's."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, content: Any) -> int:
        return os.write(self._descriptor, content)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def _opened(descriptor: int, mode: str = "r", encoding: str | None = None) -> Any:
    if "w" not in mode:
        return _FDOPEN(descriptor, mode, encoding=encoding)
    buffered = io.BufferedWriter(_Raw(descriptor))
    return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding=encoding)


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


_OPEN, _WRITE, _FDOPEN = os.open, os.write, os.fdopen


def is_journal(folder: Path) -> bool:
    """Whether it reads to its last whole line, and no batch is missing that was said to be on the disk."""
    journal = Journal(folder / "result")
    keys = [entry.key for batch in journal.batches() for entry in batch.entries]
    told = json.loads((folder / "told").read_bytes()) if (folder / "told").exists() else []
    return keys[: len(told)] == [b"/registry/%d" % number for number in told]


REQUEST = Request(release=newest().name, to=("apps/v1",))


@cache
def _steps() -> list[plan.Step]:
    scheme = Scheme(newest())
    codec = StorageCodec(scheme)
    old = codec.encode({"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "d"}})
    source = MemorySource({f"/registry/deployments/n/{name}".encode(): old for name in "ab"})
    planner = VersionPlanner(codec, VersionTargets(scheme, (GroupVersion("apps", "v1"),)))
    return list(planner.plan(source.scan()))


def make_plan(folder: Path) -> None:
    """A saved plan of two changes."""
    assert len(list(save_plan(folder / "result", REQUEST, _steps()))) == 2


def is_plan(folder: Path) -> bool:
    """Whether it can be read, to its end mark."""
    SavedPlan(folder / "result")
    return True


def make_config(folder: Path) -> None:
    """The config file with one context more."""
    document = ConfigDocument(folder / "result")
    document.put("day", {"store": str(folder / "a.db")})
    document.save()


def is_config(folder: Path) -> bool:
    """Whether the context is in it."""
    return list(ConfigDocument(folder / "result").contexts.entries) == ["day"]


def make_draft(folder: Path) -> None:
    """A file for an editor, which is gone once what was typed is written."""
    former, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        with Draft("kind: Secret\n" * 2000, ("kstore", "edit")) as draft:
            assert read_text(draft.path).count("Secret") == 2000
            draft.done = True
    finally:
        tempfile.tempdir = former


def is_nothing(folder: Path) -> bool:
    """There is no result: what is typed goes into the store."""
    return not (folder / "result").exists()


def make_record(folder: Path) -> None:
    """The record of a proof, over one that is there."""
    steps = [Step(name, Verdict.OK, "as it should be " * 200) for name in ("whole", "complete")]
    subject = Subject("a.db", {"sha256": "0" * 64})
    write_record(folder / "result", Proof(subject, steps, {}, Counts(), "1.37", datetime(2026, 1, 1, tzinfo=UTC), "1"))


def is_record(folder: Path) -> bool:
    """Whether it can be read, and its own SHA-256 holds."""
    return expected_by(folder / "result").time == "2026-01-01T00:00:00+00:00"


@cache
def _rows() -> list[Row]:
    return list(object_rows(AskedStore.pinned(Store(MemorySource({b"/registry/x": CONTENT}), Scheme(newest())))))


def make_parquet(folder: Path) -> None:
    """The objects of a store as Parquet."""
    assert write_parquet(folder / "result", _rows()) == 1


def is_parquet(folder: Path) -> bool:
    """Whether it can be read."""
    from pyarrow.parquet import read_table

    return read_table(folder / "result").column("size").to_pylist() == [len(CONTENT)]


def make_metrics(folder: Path) -> None:
    """The metrics of a migration, which has ended well whatever becomes of them."""
    run = Run(REQUEST, metrics_file=folder / "result")
    run._leave_metrics(Summary(), finished=True)


def is_metrics(folder: Path) -> bool:
    """Whether they are there to their last line."""
    return (folder / "result").read_text() == Summary().as_metrics(finished=True)


LASTING = {"a file", "the cache", "the config file", "a draft", "a record", "metrics"}
"""What a second run makes again, where the first has made it."""

OPERATIONS: dict[str, tuple[Operation, Whole]] = {
    "a file": (make_file, is_file),
    "a new file": (make_new_file, is_file),
    "an export": (make_export, is_export),
    "the cache": (make_cached, is_file),
    "a database": (make_database, is_database),
    "a journal": (make_journal, is_journal),
    "a plan": (make_plan, is_plan),
    "the config file": (make_config, is_config),
    "a draft": (make_draft, is_nothing),
    "a record": (make_record, is_record),
    "Parquet": (make_parquet, is_parquet),
    "metrics": (make_metrics, is_metrics),
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


@pytest.mark.large
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

            said: KstoreError | None = None
            try:
                with counting(fail), suppress(OSError):
                    operation(folder)
            except KstoreError as error:
                said = error
            if said is not None:  # what, and where
                assert os.strerror(fault) in str(said), (number, fault)
                assert Path(said.where).is_absolute(), (number, fault)
            assert not (folder / "result").exists() or whole(folder), (number, fault)
            assert left_over(folder) == [], (number, fault)


@pytest.mark.large
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
        if not there or name in LASTING:
            operation(folder)
        assert whole(folder), number
        if name not in ("the cache", "a draft"):  # which keep what is half done under a name that nobody reads
            assert left_over(folder) == [], number


@pytest.mark.large
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers that send signals")
@pytest.mark.parametrize("name", OPERATIONS)
def test_signals_all_along(name: str, tmp_path: Path) -> None:
    """Calls of the system that a signal interrupts are made again: all of it is written."""
    operation, whole = OPERATIONS[name]
    told: list[int] = []
    former = signal.signal(signal.SIGALRM, lambda number, frame: told.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for number in range(5):
            (folder := tmp_path / str(number)).mkdir()
            operation(folder)
            assert whole(folder)
            assert left_over(folder) == []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    assert told
