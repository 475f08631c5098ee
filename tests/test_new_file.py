"""
New files: whole or not at all, one writer, and nothing that the killed leave behind is in anybody's way.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kstore import new_file
from kstore.new_file import NewFile, NewFolder, unfinished


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


@pytest.mark.parametrize("replace", [True, False])
def test_the_disk_has_it_before_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool) -> None:
    """The content is synced before the name is given, and the folder with the name after it."""
    path = tmp_path / "file"
    synced: list[tuple[bool, bool]] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        real(descriptor)
        synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), path.exists()))

    monkeypatch.setattr(os, "fsync", note)
    with NewFile(path) as new:
        new.write(b"content")
        new.publish(replace=replace)
    assert synced == [(False, False), (True, True)]


@pytest.mark.parametrize("fault", [errno.EIO, errno.ENOSPC])
def test_a_name_that_is_not_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: int) -> None:
    """A folder that cannot be synced is an error: a failure of the power could take the name with it."""
    real = os.fsync

    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(fault, os.strerror(fault))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    with NewFile(tmp_path / "file") as new, pytest.raises(OSError, match=os.strerror(fault)):
        new.publish()


@pytest.mark.parametrize("call", ["open", "fsync"])
def test_a_folder_that_cannot_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """May its user only write to it, or knows the file system no such sync, everything is synced instead."""
    everything: list[bool] = []
    real = getattr(os, call)

    def refuse(target: object, *rest: object, **named: object) -> object:
        if target == tmp_path or (isinstance(target, int) and stat.S_ISDIR(os.fstat(target).st_mode)):
            fault = errno.EACCES if call == "open" else errno.EINVAL
            raise OSError(fault, os.strerror(fault))
        return real(target, *rest, **named)

    monkeypatch.setattr(os, call, refuse)
    monkeypatch.setattr(os, "sync", lambda: everything.append(True))
    with NewFile(tmp_path / "file") as new:
        new.publish()
    assert everything == [True]
    assert (tmp_path / "file").exists()


def test_who_may_read_it(tmp_path: Path) -> None:
    """Its owner only, while it is written and afterwards, unless it is said otherwise."""
    before = os.umask(0)
    try:
        for mode in (0o600, 0o644):
            path = tmp_path / oct(mode)
            with NewFile(path, **({} if mode == 0o600 else {"mode": mode})) as new:
                assert unfinished(path).stat().st_mode & 0o777 == mode
                new.publish()
            assert path.stat().st_mode & 0o777 == mode
    finally:
        os.umask(before)


def test_a_disk_that_takes_less_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one call leaves over is written by the next, until all of it is there."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real(descriptor, content[:5]))
    with NewFile(tmp_path / "file") as new:
        new.write(b"the first part, ")
        new.write(b"and the rest")
        new.publish()
    assert (tmp_path / "file").read_bytes() == b"the first part, and the rest"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_disk_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    """The name is given by renaming, and not taken from a file that has it."""
    path = tmp_path / "file"
    if is_there:
        path.write_text("kept")

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    with NewFile(path) as new:
        new.write(b"new")
        if is_there:
            with pytest.raises(FileExistsError, match="already exists"):
                new.publish(replace=False)
        else:
            new.publish(replace=False)
    assert path.read_text() == ("kept" if is_there else "new")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of all it may lie under the hidden name, for its owner to read what is written: it is refused."""
    monkeypatch.setattr("kstore.new_file.is_own", lambda _status: False)
    with pytest.raises(OSError, match="in the way"):
        NewFile(tmp_path / "file")


def test_a_full_disk_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be emptied is not left behind."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "ftruncate", refuse)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        NewFile(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


# ---- folders

_KILLED_FOLDER = """
import os, signal, sys
from pathlib import Path
from kstore.new_file import NewFolder
new = NewFolder(Path(sys.argv[1]), ("a", "b"))
(new.unfinished / "a").write_text("half")
(new.unfinished / "b" / "deep").mkdir(parents=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """It has its name once it is published, over an empty folder too; else it is gone."""
    path = tmp_path / "folder"
    path.mkdir()
    new = NewFolder(path, ("a",))
    (new.unfinished / "a").write_text("content")
    assert list(path.iterdir()) == []
    new.publish()
    new.close()
    assert (path / "a").read_text() == "content"
    assert path.stat().st_mode & 0o777 == 0o700
    other = NewFolder(tmp_path / "other", ("a",))
    (other.unfinished / "a").write_text("content")
    other.close()
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_was_left_behind(tmp_path: Path) -> None:
    """What a killed process left is cleared; one that is being filled is not touched."""
    path = tmp_path / "folder"
    ended = subprocess.run([sys.executable, "-c", _KILLED_FOLDER, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert sorted(each.name for each in unfinished(path).iterdir()) == ["a", "b"]
    new = NewFolder(path, ("a", "b"))
    assert list(new.unfinished.iterdir()) == []
    with pytest.raises(BlockingIOError, match="another process"):
        NewFolder(path, ("a", "b"))
    new.publish()
    new.close()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["own file", "link", "file", "pipe"])
def test_a_folder_s_name_that_is_taken(tmp_path: Path, kind: str) -> None:
    """A folder in which there is something else is somebody's own, as is whatever is no folder."""
    path, hidden = tmp_path / "folder", unfinished(tmp_path / "folder")
    if kind == "own file":
        hidden.mkdir()
        (hidden / "diary").write_text("mine")
    elif kind == "link":
        (tmp_path / "victim").mkdir()
        hidden.symlink_to(tmp_path / "victim")
    elif kind == "file":
        hidden.write_text("mine")
    else:
        os.mkfifo(hidden)
    with pytest.raises(OSError, match=r"in the way|symbolic links"):
        NewFolder(path, ("a",))
    assert os.path.lexists(hidden)
    assert kind != "own file" or (hidden / "diary").read_text() == "mine"


def test_the_disk_has_a_folder_before_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is in it is synced before the name is given, and the folder with the name after it."""
    path = tmp_path / "folder"
    synced: list[tuple[str, bool]] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        real(descriptor)
        assert os.path.samestat(os.fstat(descriptor), tmp_path.stat())
        synced.append(("the folder with its name", path.exists()))

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(os, "sync", lambda: synced.append(("everything", path.exists())))
    new = NewFolder(path, ("a",))
    (new.unfinished / "a").write_text("content")
    new.publish()
    new.close()
    assert synced == [("everything", False), ("the folder with its name", True)]


def test_a_folder_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the way and belongs to somebody else is not cleared, whatever its files are called."""
    hidden = unfinished(tmp_path / "folder")
    hidden.mkdir()
    (hidden / "a").write_text("theirs")
    monkeypatch.setattr(new_file, "is_own", lambda status: False)
    with pytest.raises(OSError, match="in the way"):
        NewFolder(tmp_path / "folder", ("a",))
    assert (hidden / "a").read_text() == "theirs"


def test_a_link_in_a_folder_that_was_left_behind(tmp_path: Path) -> None:
    """The link is cleared like a file; what it leads to is somebody's own."""
    hidden, victim = unfinished(tmp_path / "folder"), tmp_path / "victim"
    hidden.mkdir()
    victim.mkdir()
    (victim / "kept").write_text("mine")
    (hidden / "a").symlink_to(victim)
    new = NewFolder(tmp_path / "folder", ("a",))
    assert list(new.unfinished.iterdir()) == []
    new.close()
    assert (victim / "kept").read_text() == "mine"


@pytest.mark.parametrize("was_there", [True, False])
def test_a_folder_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, was_there: bool) -> None:
    """The one that was just made goes again; one that was there is not ours."""
    if was_there:
        unfinished(tmp_path / "folder").mkdir()

    def refuse(_: Path) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(new_file, "open_folder", refuse)
    with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
        NewFolder(tmp_path / "folder", ("a",))
    assert unfinished(tmp_path / "folder").exists() is was_there
