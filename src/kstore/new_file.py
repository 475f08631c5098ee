"""
A new file, or a new folder, that appears under its name whole, or not at all.

It is written under a hidden name beside it, `.NAME.unfinished`, brought to the disk, and renamed. Whoever writes holds
a lock on it: what a process left behind that was killed is locked by nobody, and is written over by the next. Knows
nothing of what is in the file.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from kstore.operating_system import (
    BINARY,
    CLOSED_ON_EXEC,
    NOT_THROUGH_LINKS,
    WITHOUT_WAITING,
    is_own,
    lock,
    open_folder,
    sync_everything,
)

_NO_SUCH_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.ENOSYS)
"""What a file system says that cannot be asked for a folder."""


def unfinished(path: Path) -> Path:
    """Where a new file is written until it is whole."""
    return path.with_name(f".{path.name}.unfinished")


class NewFile:
    """
    The file while it is written, as a context manager that discards it unless `publish` was called.

    Args:
        path: the name that it will have.
        mode: who may read it, as `open` takes it; its owner only, if nothing is said.

    Raises:
        BlockingIOError: another process is writing it.
        OSError: it cannot be created.
    """

    def __init__(self, path: Path, *, mode: int = 0o600) -> None:
        self.path = path
        self._mode = mode
        self._unfinished = unfinished(path)
        self.descriptor = self._own()
        """Open for reading and writing; empty at first."""
        self._open = True

    def _own(self) -> int:
        """The descriptor of an unfinished file that is ours alone."""
        while True:
            # a named pipe in the way is refused below, and not waited for
            flags = os.O_RDWR | os.O_CREAT | BINARY | CLOSED_ON_EXEC | NOT_THROUGH_LINKS | WITHOUT_WAITING
            descriptor = os.open(self._unfinished, flags, self._mode)
            try:
                lock(descriptor)
                # its last writer may have renamed or removed it before we had the lock
                if _is_named(self._unfinished, descriptor):
                    self._check(os.fstat(descriptor))
                    self._empty(descriptor)
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _empty(self, descriptor: int) -> None:
        try:
            os.ftruncate(descriptor, 0)
        except OSError:
            with suppress(OSError):  # it is ours, and nobody will come back to it
                self._unfinished.unlink()
            raise

    def _check(self, status: os.stat_result) -> None:
        """In a folder that others may write to, the name may have been taken: what is written may hold secrets."""
        if not stat.S_ISREG(status.st_mode) or not is_own(status) or status.st_nlink != 1:
            raise OSError(errno.EPERM, f"{self._unfinished} is in the way, and not a file of this user: remove it")

    def write(self, content: bytes) -> None:
        """
        Write what follows.

        Raises:
            OSError: it cannot be written.
        """
        left = memoryview(content)
        while left:
            left = left[os.write(self.descriptor, left) :]

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
                raise FileExistsError(errno.EEXIST, "the file already exists", str(self.path)) from None
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


class NewFolder:
    """
    The folder while it is filled; `close` removes it unless `publish` was called. For its owner only.

    Args:
        path: the name that it will have; nothing may be there but an empty folder.
        names: what may lie directly in it. In a folder that was left behind, anything else is somebody's own.

    Raises:
        BlockingIOError: another process is filling it.
        OSError: it cannot be made.
    """

    def __init__(self, path: Path, names: Collection[str]) -> None:
        self.path = path
        self._names = frozenset(names)
        self.unfinished = unfinished(path)
        """Where its files are to be written."""
        self._descriptor = self._own()
        self._published = False

    def _own(self) -> int | None:
        """The descriptor, where a folder has one, of an unfinished folder that is empty and ours alone."""
        while True:
            was_there = False
            try:
                self.unfinished.mkdir(mode=0o700)
            except FileExistsError:
                was_there = True
            try:
                descriptor = open_folder(self.unfinished)
                if descriptor is None:  # nobody can tell whether another process is filling it
                    if was_there:
                        raise self._in_the_way()
                    return None
            except FileNotFoundError:  # its last writer has just renamed or removed it
                continue
            except NotADirectoryError:
                raise self._in_the_way() from None
            except OSError:
                if not was_there:
                    with suppress(OSError):
                        self.unfinished.rmdir()
                raise
            try:
                lock(descriptor)
                if _is_named(self.unfinished, descriptor):
                    self._clear(descriptor)
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _clear(self, descriptor: int) -> None:
        """Remove what a writer left that was killed: it held the lock that we have now."""
        names = os.listdir(self.unfinished)
        if not is_own(os.fstat(descriptor)) or not self._names.issuperset(names):
            raise self._in_the_way()
        for name in names:
            path = self.unfinished / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _in_the_way(self) -> OSError:
        return OSError(errno.EPERM, f"{self.unfinished} is in the way, and not what an earlier run left: remove it")

    def publish(self) -> None:
        """
        Give the folder its name; all that is in it is on the disk then.

        Raises:
            OSError: something else has the name, or it cannot be renamed.
        """
        sync_everything()
        self.unfinished.rename(self.path)
        self._published = True
        sync_folder(self.path.parent)

    def close(self) -> None:
        """Release the folder; one without its name is removed."""
        if not self._published:
            shutil.rmtree(self.unfinished, ignore_errors=True)
        if self._descriptor is not None:
            os.close(self._descriptor)


def _is_named(path: Path, descriptor: int) -> bool:
    """Whether an open file still has that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def sync_folder(folder: Path) -> None:
    """
    Bring a new file's name to the disk as well: by its folder, or by everything, where the folder cannot be asked for
    that: its user may only write to it, or the file system knows no such thing.

    Raises:
        OSError: it cannot be brought there.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        sync_everything()
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SUCH_SYNC:
            raise
        sync_everything()
    finally:
        os.close(descriptor)
