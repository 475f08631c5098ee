"""
Files that a user names, opened so that none of them can hang or fill the memory.

Knows the kinds of files that an operating system has: a named pipe that nobody writes to, a device without an end, a
directory are refused at once, before a byte is read. Knows nothing of what is in a file. Errors are `OSError`s whose
`strerror` says what was found, so that each caller words them as any other file that cannot be read.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from kstore.operating_system import BINARY, CLOSED_ON_EXEC, WITHOUT_WAITING

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a block device",
}
_HANDED_OVER = re.compile(r"/dev/stdin|/dev/fd/\d+|/proc/self/fd/\d+")
"""How a shell names a pipe that it hands over, for `<(command)`."""
_FLAGS = os.O_RDONLY | CLOSED_ON_EXEC | BINARY


def open_regular(path: Path) -> BinaryIO:
    """
    Open a regular file to read its bytes.

    Raises:
        OSError: as `open`; and it is a directory, a pipe, a socket or a device.
    """
    return _opened(path, _FLAGS | WITHOUT_WAITING, stat.S_ISREG)


def read_regular(path: Path, limit: int) -> bytes:
    """
    The bytes of a regular file, or of a pipe that a shell handed over (`<(command)`, `/dev/stdin`).

    Args:
        path: the file.
        limit: how many bytes it may have; no more are ever read.

    Raises:
        OSError: as `open_regular`; and it is larger.
    """
    with _opened(path, _FLAGS, _is_file_or_pipe) if is_handed_over(path) else open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {_size(limit)}, which is all that is read of such a file")
    return content


def is_handed_over(path: Path) -> bool:
    """Whether a path names what the shell has opened already, a pipe for one."""
    return _HANDED_OVER.fullmatch(str(path)) is not None


def _opened(path: Path, flags: int, accepts: Callable[[int], bool]) -> BinaryIO:
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "its name holds a NUL, which no file's name does", str(path))
    # asked before it is opened as well: opening alone does something to a device, a tape for one
    _check(path, os.stat(path).st_mode, accepts)
    descriptor = os.open(path, flags)
    try:
        _check(path, os.fstat(descriptor).st_mode, accepts)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check(path: Path, mode: int, accepts: Callable[[int], bool]) -> None:
    if not accepts(mode):
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(stat.S_IFMT(mode), 'no file')}, not a file", str(path))


def _is_file_or_pipe(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode)


def _size(limit: int) -> str:
    return f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
