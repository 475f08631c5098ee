"""
A new file that appears under its name whole, or not at all.

It is written under a hidden name beside it, `.NAME.unfinished`, brought to the disk, and renamed. Whoever writes holds
a lock on it: what a process left behind that was killed is locked by nobody, and is written over by the next. Knows
nothing of what is in the file.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from kstore.operating_system import BINARY, CLOSED_ON_EXEC, NOT_THROUGH_LINKS, is_own, lock


def unfinished(path: Path) -> Path:
    """Where a new file is written until it is whole."""
    return path.with_name(f".{path.name}.unfinished")


class NewFile:
    """
    The file while it is written, as a context manager that discards it unless `publish` was called.

    Readable by its owner only.

    Args:
        path: the name that it will have.

    Raises:
        BlockingIOError: another process is writing it.
        OSError: it cannot be created.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unfinished = unfinished(path)
        self.descriptor = self._own()
        """Open for reading and writing; empty at first."""
        self._open = True

    def _own(self) -> int:
        """The descriptor of an unfinished file that is ours alone."""
        while True:
            flags = os.O_RDWR | os.O_CREAT | BINARY | CLOSED_ON_EXEC | NOT_THROUGH_LINKS
            descriptor = os.open(self._unfinished, flags, 0o600)
            try:
                lock(descriptor)
                # its last writer may have renamed or removed it before we had the lock
                if self._is_named(descriptor):
                    self._check(os.fstat(descriptor))
                    os.ftruncate(descriptor, 0)
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _is_named(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._unfinished, follow_symlinks=False))
        except FileNotFoundError:
            return False

    def _check(self, status: os.stat_result) -> None:
        """In a folder that others may write to, the name may have been taken: what is written may hold secrets."""
        if not stat.S_ISREG(status.st_mode) or not is_own(status) or status.st_nlink != 1:
            raise OSError(errno.EPERM, f"{self._unfinished} is in the way, and not a file of this user: remove it")

    def publish(self, *, replace: bool = True) -> None:
        """
        Give the file its name; all of it is on the disk then, and stays open.

        Args:
            replace: take the name from a file that has it.

        Raises:
            FileExistsError: another file has the name.
            OSError: it cannot be brought to the disk, or renamed.
        """
        os.fsync(self.descriptor)
        if replace:
            self._unfinished.replace(self.path)
        else:
            self._link()
        self._unfinished = self.path
        sync_folder(self.path.parent)

    def _link(self) -> None:
        """Take a name that nobody has, which a rename cannot promise."""
        try:
            os.link(self._unfinished, self.path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if self.path.exists():
                raise FileExistsError(errno.EEXIST, "the file is there already", str(self.path)) from None
            self._unfinished.replace(self.path)
        else:
            self._unfinished.unlink()

    def close(self) -> None:
        """Close the file; one without its name is removed."""
        if not self._open:
            return
        self._open = False
        if self._unfinished != self.path:
            with suppress(OSError):
                self._unfinished.unlink()
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sync_folder(folder: Path) -> None:
    """Bring a new file's name to the disk as well; not every file system can be asked for that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
