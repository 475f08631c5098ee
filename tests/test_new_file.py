"""
New files: whole or not at all, one writer, and nothing that the killed leave behind is in anybody's way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kstore.new_file import NewFile, unfinished


def test_whole_or_not_at_all(tmp_path: Path) -> None:
    """Before `publish` there is no such file, after it there is all of it, for its owner only; without it, nothing."""
    path = tmp_path / "file"
    with NewFile(path) as new:
        os.write(new.descriptor, b"content")
        assert not path.exists()
        new.publish()
        assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o600
    with NewFile(tmp_path / "other") as new:
        os.write(new.descriptor, b"content")
    assert list(tmp_path.iterdir()) == [path]


def test_one_writer(tmp_path: Path) -> None:
    """A second writer is refused while the first one is at it, whose file stays what it is."""
    path = tmp_path / "file"
    with NewFile(path) as first:
        os.write(first.descriptor, b"first")
        with pytest.raises(BlockingIOError, match="another process"):
            NewFile(path)
        first.publish()
        with NewFile(path) as second:  # the first one's lock is on the file that is published
            os.write(second.descriptor, b"second")
            assert path.read_bytes() == b"first"
            second.publish()
        with NewFile(path) as third, pytest.raises(FileExistsError):
            third.publish(replace=False)
    assert path.read_bytes() == b"second"
    with NewFile(tmp_path / "fourth") as fourth:
        fourth.publish(replace=False)
    assert sorted(tmp_path.iterdir()) == [path, tmp_path / "fourth"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from kstore.new_file import NewFile
new = NewFile(Path(sys.argv[1]))
os.write(new.descriptor, b"half of a much longer file")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left(tmp_path: Path) -> None:
    """It is under no name that counts, and the next writer writes over it."""
    path = tmp_path / "file"
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == [unfinished(path)]
    with NewFile(path) as new:
        os.write(new.descriptor, b"whole")
        new.publish()
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.timeout(20)
def test_a_name_that_is_taken(tmp_path: Path) -> None:
    """What somebody else put under the hidden name is neither followed nor written to."""
    path = tmp_path / "file"
    victim = tmp_path / "victim"
    victim.write_text("kept")
    unfinished(path).symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        NewFile(path)
    unfinished(path).unlink()
    os.link(victim, unfinished(path))
    with pytest.raises(OSError, match="in the way"):
        NewFile(path)
    unfinished(path).unlink()
    os.mkfifo(unfinished(path))
    with pytest.raises(OSError, match="in the way"):
        NewFile(path)
    assert victim.read_text() == "kept"
