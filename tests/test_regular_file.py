"""
Files that a user names: what is no file is refused at once, and none is read without a bound.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from kstore.regular_file import open_regular, read_regular


def test_a_file_is_read(tmp_path: Path) -> None:
    """A regular file, up to its last allowed byte, through a link too."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2048)
    (tmp_path / "link").symlink_to(path)
    assert read_regular(path, 2048) == b"x" * 2048
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"x" * 2048
    with pytest.raises(OSError, match="larger than 1 KiB"):
        read_regular(path, 2047)


@pytest.mark.timeout(20)
def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory, a named pipe, a socket, a device: refused before a byte is read; so is a name that cannot be."""
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for path, what in (
            (tmp_path, "a directory"),
            (tmp_path / "pipe", "a named pipe"),
            (tmp_path / "socket", "a socket"),
            (Path("/dev/zero"), "a device"),
            (Path("/dev/null"), "a device"),
            (Path("a\0b"), "NUL"),
        ):
            with pytest.raises(OSError, match=what):
                read_regular(path, 1 << 20)
            with pytest.raises(OSError, match=what):
                open_regular(path)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none", 1)


@pytest.mark.parametrize("folder", ["/dev/fd", *(["/proc/self/fd"] if sys.platform == "linux" else [])])
def test_a_pipe_that_was_handed_over(folder: str) -> None:
    """`<(command)` of a shell is a pipe of this process's own: it is read to its end, within the bound."""
    for content, limit in ((b"kind: EncryptionConfiguration", 1 << 20), (b"more than that", 4)):
        reader, writer = os.pipe()
        os.write(writer, content)
        os.close(writer)
        try:
            if len(content) <= limit:
                assert read_regular(Path(folder, str(reader)), limit) == content
            else:
                with pytest.raises(OSError, match="larger"):
                    read_regular(Path(folder, str(reader)), limit)
        finally:
            os.close(reader)


@pytest.mark.parametrize(("limit", "said"), [((1 << 20) - 1, "1023 KiB"), (1 << 20, "1 MiB"), (64 << 20, "64 MiB")])
def test_a_limit_is_told_in_its_own_unit(tmp_path: Path, limit: int, said: str) -> None:
    """KiB below a MiB, and MiB from there on."""
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(limit + 1)
    with pytest.raises(OSError, match=f"larger than {said},"):
        read_regular(path, limit)
