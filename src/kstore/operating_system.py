"""
What differs between operating systems: locks, reads at a place in a file, whose a file is, processors, pipes.

The one module that may name what only some of them have; each function says what it does where that is missing.
Nothing here is imported that the interpreter has not loaded anyway.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

CLOSED_ON_EXEC = getattr(os, "O_CLOEXEC", 0)
BINARY = getattr(os, "O_BINARY", 0)
"""Windows would translate line ends without it."""
NOT_THROUGH_LINKS = getattr(os, "O_NOFOLLOW", 0)
"""Where it is missing, who may write to a folder can put a link in the way."""
WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)

_WRITTEN = "another process is writing it"
_seeking = threading.Lock()
"""Held where a file's one position is moved, since another thread may read the same file."""


def processors() -> int:
    """How many processors this process may use; where a process is not told, how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def user() -> str:
    """What tells this user's files from others' in a folder of all: the user's number, else the name."""
    if hasattr(os, "geteuid"):
        return str(os.geteuid())
    import getpass

    return getpass.getuser()


def is_own(status: os.stat_result) -> bool:
    """Whether a file is this user's; where files have no such owner, everything that can be opened counts as that."""
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """At most `size` bytes of a file from `offset` on, whoever else reads it."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    with _seeking:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)


def read_into(descriptor: int, buffer: memoryview, offset: int) -> int:
    """Fill a buffer with a file's bytes from `offset` on, and say how many there were."""
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [buffer], offset)
    data = read_at(descriptor, len(buffer), offset)
    buffer[: len(data)] = data
    return len(data)


def write_at(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of the data into a file from `offset` on, however many calls that takes."""
    view = memoryview(data)
    while view:
        count = _write_some(descriptor, view, offset)
        view, offset = view[count:], offset + count


def _write_some(descriptor: int, data: memoryview, offset: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, data, offset)
    with _seeking:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.write(descriptor, data)


def sync_everything() -> None:
    """Bring all that was written to the disk, where one call does that; else each file's own `fsync` must do."""
    if hasattr(os, "sync"):
        os.sync()


def lock(descriptor: int) -> None:
    """
    Lock a file for its one writer; where a file system knows no locks, people see to it.

    Raises:
        BlockingIOError: another process holds the lock.
    """
    try:
        import fcntl
    except ImportError:
        _lock_first_byte(descriptor)
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BlockingIOError(errno.EAGAIN, _WRITTEN) from None
    except OSError:
        pass


def _lock_first_byte(descriptor: int) -> None:
    """Windows locks bytes, also those behind a file's end."""
    import msvcrt

    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except PermissionError as error:
        raise BlockingIOError(error.errno, _WRITTEN) from None


def open_folder(path: Path) -> int | None:
    """
    The descriptor of a folder, to be locked; None where folders have none (Windows).

    Raises:
        NotADirectoryError: it is something else, or a link.
        OSError: as `open`.
    """
    if not hasattr(os, "O_DIRECTORY"):
        return None
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | CLOSED_ON_EXEC | NOT_THROUGH_LINKS | WITHOUT_WAITING)


def is_locked(descriptor: int) -> bool:
    """
    Whether another process has locked a file for itself: a shared lock is asked for and given back at once.

    False where locks are not known: on a file system without them, and on Windows, where bbolt locks otherwise.
    """
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def end_group(process: int) -> None:
    """End a process that began a session, and what it started; the process alone where there are no such groups."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process, signal.SIGKILL)
        else:
            os.kill(process, signal.SIGTERM)


def end_when_closed(pipe: int) -> None:
    """
    From now on end this process's group, which is a session of its own, when its parent's end of a pipe closes.

    That happens however the parent ends, also by SIGKILL. (Linux alone would send a signal at a parent's death.)
    """

    def wait() -> None:
        with suppress(OSError):
            os.read(pipe, 1)
        end_group(os.getpgrp() if hasattr(os, "getpgrp") else os.getpid())

    threading.Thread(target=wait, daemon=True).start()


def run_copy(work: Callable[[], None]) -> int | None:
    """
    Do something in a copy of this process, wait for its end, and say how it ended: by its code, or minus a signal.

    None, and nothing is done, where no copy can be made: on Windows, and where other threads run, whose locks would be
    copied in whatever state they are.
    """
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return None
    copy = os.fork()
    if copy:
        return os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


IDLE = -getattr(signal, "SIGALRM", 0)
"""How a process has ended that `end_after` ended."""


def end_after(seconds: int) -> None:
    """End this process after as many seconds; 0 is never after all. Where there are no alarms (Windows) it goes on."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def unix_socket() -> socket.socket:
    """
    A stream socket that has its address in the file system.

    Raises:
        OSError: this system's Python has none (Windows).
    """
    import socket

    if not hasattr(socket, "AF_UNIX"):
        raise OSError(errno.EAFNOSUPPORT, "this system has no sockets in the file system")
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


def make_room(pipe: int, size: int) -> None:
    """Give a pipe room for `size` bytes, where a system lets everybody ask for that: Linux alone."""
    with suppress(ImportError, OSError):
        from fcntl import F_SETPIPE_SZ, fcntl

        fcntl(pipe, F_SETPIPE_SZ, size)
