"""
A disk below the calls of `os`: each may fail, and a loss of power takes what was not synced.

The files are real ones, in a folder of the schedule's own, so that names, locks and reading are the system's. What is
kept here is what of them would be on the disk.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.simulation.decisions import Decisions
from tests.simulation.scheduling import Crash, Scheduler

FAULTS = (errno.ENOSPC, errno.EIO, errno.EACCES)
_CALLS = ("open", "close", "pwrite", "write", "ftruncate", "fsync", "fdatasync", "link", "unlink", "replace", "sync")
_METHODS = {"sync": "_sync_all"}
_OPEN, _CLOSE, _PWRITE, _UNLINK, _FTRUNCATE = os.open, os.close, os.pwrite, os.unlink, os.ftruncate

Change = tuple[int, bytes | None]
"""Bytes written at a place, or None where the file was cut there."""


class _File:
    """What is on the disk of one file, and what only the system has of it."""

    def __init__(self) -> None:
        self.synced = b""
        self.pending: list[Change] = []
        self.lost: list[Change] = []
        """What a failed sync has dropped: the system takes it for written."""

    def sync(self) -> None:
        for change in self.pending:
            self.synced = _changed(self.synced, change)
        self.pending = []

    def drop(self) -> None:
        """A sync that failed: the pages count as clean, and are never written."""
        self.lost += self.pending
        self.pending = []


def _changed(content: bytes, change: Change) -> bytes:
    at, data = change
    if data is None:
        return content[:at]
    return content[:at].ljust(at, b"\0") + data + content[at + len(data) :]


class Disk:
    """
    The disk of one schedule.

    Args:
        folder: a real folder, empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = f"{folder}{os.sep}"
        self._names: dict[str, _File] = {}
        self._synced_names: dict[str, _File] = {}
        self._descriptors: dict[int, _File | None] = {}
        """Those that are open for writing; None for the folder."""
        self.scheduler: Scheduler | None = None
        """The process that calls."""

    @contextmanager
    def under_os(self) -> Iterator[None]:
        """While it lasts, the calls of `os` that are about the folder come here."""
        real = {name: getattr(os, name) for name in _CALLS}
        for name in _CALLS:
            setattr(os, name, getattr(self, _METHODS.get(name, f"_{name}")))
        try:
            yield
        finally:
            for name, function in real.items():
                setattr(os, name, function)
            for descriptor in list(self._descriptors):
                _CLOSE(descriptor)

    def _mine(self, path: Any) -> str:
        text = os.fspath(path)
        return text if isinstance(text, str) and f"{text}{os.sep}".startswith(self._folder) else ""

    def _call(self, kind: str) -> int:
        """Pause before a call; the error that it fails with, or 0."""
        assert self.scheduler is not None
        self.scheduler.pause(f"disk {kind}")
        fault = self.scheduler.decisions.pick(f"disk {kind}", len(FAULTS) + 1, 0.02)
        return FAULTS[fault - 1] if fault else 0

    def _refuse(self, kind: str) -> None:
        if fault := self._call(kind):
            raise OSError(fault, os.strerror(fault))

    # ---- the calls

    def _open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        name = self._mine(path)
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        is_folder = name + os.sep == self._folder
        if not name or not (writes or is_folder):
            if name and self.scheduler is not None and self.scheduler.dead:
                raise Crash
            return _OPEN(path, flags, mode, dir_fd=dir_fd)
        self._refuse("open")
        descriptor = _OPEN(path, flags, mode)
        if is_folder:
            self._descriptors[descriptor] = None
        else:
            self._descriptors[descriptor] = self._names.setdefault(name, _File())
        return descriptor

    def _close(self, descriptor: int) -> None:
        if descriptor in self._descriptors:
            if self.scheduler is not None and self.scheduler.dead:
                raise Crash  # whose descriptors are closed by `end`
            del self._descriptors[descriptor]
        _CLOSE(descriptor)

    def _pwrite(self, descriptor: int, data: Any, offset: int) -> int:
        file = self._descriptors.get(descriptor)
        if file is None:
            return _PWRITE(descriptor, data, offset)
        fault = self._call("write")
        content = bytes(data)
        if fault == errno.ENOSPC and len(content) > 1:  # what there is room for is written first
            content, fault = content[: len(content) // 2], 0
        if fault:
            raise OSError(fault, os.strerror(fault))
        file.pending.append((offset, content))
        return _PWRITE(descriptor, content, offset)

    def _write(self, descriptor: int, data: Any) -> int:
        if descriptor not in self._descriptors:
            return _WRITE(descriptor, data)
        raise NotImplementedError("a journal is written at a place")

    def _ftruncate(self, descriptor: int, size: int) -> None:
        file = self._descriptors.get(descriptor)
        if file is not None:
            self._refuse("truncate")
            file.pending.append((size, None))
        _FTRUNCATE(descriptor, size)

    def _sync(self, descriptor: int, real: Callable[[int], None]) -> None:
        if descriptor not in self._descriptors:
            real(descriptor)
            return
        file = self._descriptors[descriptor]
        fault = self._call("sync")
        if fault and file is not None:
            file.drop()
        if fault:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if file is not None:
            file.sync()
        else:
            self._synced_names = dict(self._names)

    def _fsync(self, descriptor: int) -> None:
        self._sync(descriptor, _FSYNC)

    def _fdatasync(self, descriptor: int) -> None:
        self._sync(descriptor, _FDATASYNC)

    def _sync_all(self) -> None:
        assert self.scheduler is not None
        self.scheduler.pause("disk sync of everything")
        for file in self._names.values():
            file.sync()
        self._synced_names = dict(self._names)

    def _link(self, source: Any, target: Any, **named: Any) -> None:
        if self._mine(source):
            self._refuse("link")
        _LINK(source, target, **named)
        if self._mine(source):
            self._names[os.fspath(target)] = self._names[os.fspath(source)]

    def _replace(self, source: Any, target: Any, **named: Any) -> None:
        if self._mine(source):
            self._refuse("link")
        _REPLACE(source, target, **named)
        if self._mine(source):
            self._names[os.fspath(target)] = self._names.pop(os.fspath(source))

    def _unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        if self._mine(path):
            self._refuse("unlink")
        _UNLINK(path, dir_fd=dir_fd)
        if self._mine(path):
            self._names.pop(os.fspath(path), None)

    # ---- the end of a process

    def end(self) -> None:
        """Close what a process has left open, as the system does; locks go with it."""
        for descriptor in list(self._descriptors):
            del self._descriptors[descriptor]
            _CLOSE(descriptor)

    def lose_power(self, decisions: Decisions) -> None:
        """
        Leave of each file what is on the disk: what was synced, and of the rest, in order, as much as is decided; the
        last part of it torn.
        """
        if not decisions.pick("names kept", 2):
            for name in set(self._names) - set(self._synced_names):
                _UNLINK(name)
            self._names = dict(self._synced_names)
        for name, file in list(self._names.items()):
            content = file.synced
            kept = decisions.pick("writes kept", len(file.pending) + 1)
            for change in file.pending[:kept]:
                content = _changed(content, change)
            if kept < len(file.pending):
                at, data = file.pending[kept]
                if data and (torn := decisions.pick("bytes kept", 4)):
                    content = _changed(content, (at, data[: len(data) * torn // 4]))
                    if decisions.pick("zeros behind", 2):  # the file is as long as it was to be, what is in it is not
                        content = content.ljust(at + len(data), b"\0")
            file.synced, file.pending, file.lost = content, [], []
            descriptor = _OPEN(name, os.O_WRONLY | os.O_CREAT, 0o600)
            _FTRUNCATE(descriptor, 0)
            _PWRITE(descriptor, content, 0)
            _CLOSE(descriptor)
        self._synced_names = dict(self._names)


_WRITE, _FSYNC, _FDATASYNC, _LINK, _REPLACE = os.write, os.fsync, os.fdatasync, os.link, os.replace
