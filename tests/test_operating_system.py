"""
What only some operating systems have stands in one module, which does without it where it is missing.
"""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kstore import operating_system

_OWN = "operating_system.py"
_MODULES = {"fcntl", "grp", "msvcrt", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty", "winreg"}
_PORTABLE = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_CREAT", "O_EXCL", "O_TRUNC", "O_APPEND"}
_NAMES = {
    "os": {
        "chown", "chroot", "copy_file_range", "fchmod", "fchown", "fork", "getegid", "geteuid", "getgid", "getgroups",
        "getuid", "killpg", "lockf", "mkfifo", "mknod", "nice", "posix_fadvise", "posix_fallocate", "pread", "preadv",
        "pwrite", "pwritev", "sched_getaffinity", "sched_setaffinity", "sendfile", "setsid", "setuid", "sync", "uname",
        "WIFEXITED", "WEXITSTATUS",
    },
    "socket": {"AF_UNIX", "AF_NETLINK", "socketpair"},
    "signal": {"SIGHUP", "SIGKILL", "SIGPIPE", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGTSTP", "SIGQUIT",
               "alarm", "setitimer", "pthread_sigmask"},
}  # fmt: skip


def _used(tree: ast.Module) -> Iterator[str]:
    """What of some systems only a module names: imports anywhere in it, and attributes of os, socket and signal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in _MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in _MODULES:
            yield node.module or ""
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = node.attr
            some = name.startswith("O_") and name not in _PORTABLE if node.value.id == "os" else False
            if some or name in _NAMES.get(node.value.id, ()):
                yield f"{node.value.id}.{name}"


@pytest.mark.large
def test_one_module_names_what_only_some_systems_have(repository: Path) -> None:
    """All others run wherever Python does, as far as that goes."""
    source = repository / "src" / "kstore"
    found = {
        str(path.relative_to(source)): sorted(names)
        for path in source.rglob("*.py")
        if path.name != _OWN and (names := set(_used(ast.parse(path.read_text("utf-8")))))
    }
    assert found == {}


def test_the_search_finds_them() -> None:
    """Each way of naming one, and nothing that every system has."""
    text = "import fcntl\nfrom termios import ECHO\nos.pread(0, 1, 2)\nos.O_NOFOLLOW\nos.O_RDWR\nsignal.SIGHUP"
    assert set(_used(ast.parse(text))) == {"fcntl", "termios", "os.pread", "os.O_NOFOLLOW", "signal.SIGHUP"}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without what Unix has."""
    for name in ("pread", "preadv", "pwrite", "sync", "geteuid", "sched_getaffinity"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.delattr(socket, "AF_UNIX", raising=False)
    monkeypatch.setitem(sys.modules, "fcntl", None)


@pytest.mark.usefixtures("elsewhere")
def test_a_system_without_them(tmp_path: Path) -> None:
    """Files are read all the same; what cannot be known is not claimed; what cannot be had says so."""
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    buffer = bytearray(4)
    with path.open("r+b") as file:
        descriptor = file.fileno()
        operating_system.write_at(descriptor, b"abc", 0)
        operating_system.sync_everything()
        assert operating_system.read_at(descriptor, 5, 0) == b"abc34"
        assert operating_system.read_at(descriptor, 3, 5) == b"567"
        assert operating_system.read_into(descriptor, memoryview(buffer), 8) == 2
        assert bytes(buffer) == b"89\0\0"
        assert operating_system.is_own(os.fstat(descriptor))
        assert not operating_system.is_locked(descriptor)
        operating_system.make_room(descriptor, 1 << 20)
    assert operating_system.processors() == (os.cpu_count() or 1)
    assert operating_system.user()
    with pytest.raises(OSError, match="no sockets in the file system"):
        operating_system.unix_socket()


_WINDOWS = """
import asyncio, encodings.idna, multiprocessing, os, platform, shutil, signal, socket, subprocess, sys, tempfile
import click, click.shell_completion, cryptography, orjson, rich.console, rich.progress, yaml
for name in "pread preadv pwrite sync geteuid getuid sched_getaffinity O_NOFOLLOW O_CLOEXEC".split():
    delattr(os, name)
del socket.AF_UNIX
sys.modules.update(dict.fromkeys(("fcntl", "grp", "pwd", "resource", "termios", "tty", "pty")))
sys.platform = "win32"
from kstore.cli.main import run
raise SystemExit(run(sys.argv[1:]))
"""
"""A program whose Python has lost what Windows lacks; Python's modules and others' have chosen theirs before."""


@pytest.mark.large
@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        ("--help", "Usage: kstore"),
        ("ls", "KEYS  "),
        ("get pods/default/webserver -o name", "pod/webserver"),
        ("describe pods/default/webserver", "Name: "),
        ("decode POD", "{\n"),
        ("check --severity error --only undecodable", "264 objects"),
    ],
)
def test_commands_run_without_them(repository: Path, tmp_path: Path, arguments: str, begins: str) -> None:
    """Reading a snapshot needs nothing that only some systems have, nor do help and the filters."""
    (tmp_path / "pod").write_bytes(b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}')
    words = [str(tmp_path / "pod") if word == "POD" else word for word in arguments.split()]
    environment = {**os.environ, "PYTHONPATH": str(repository / "src"), "USERNAME": "somebody", "KSTORE_STORE": "demo"}
    command = [sys.executable, "-c", _WINDOWS, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith(begins)


def test_all_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes a few bytes a call is called until it has them all, at their places."""
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, offset: real(descriptor, data[:3], offset))
    with (tmp_path / "file").open("w+b") as file:
        operating_system.write_at(file.fileno(), b"0123456789", 2)
        assert os.pread(file.fileno(), 20, 0) == b"\0\x000123456789"


def test_a_lock_is_for_one(tmp_path: Path) -> None:
    """Whoever has it keeps it; a lock that is only asked about is given back at once."""
    path = tmp_path / "file"
    path.touch()
    with path.open("rb") as first, path.open("rb") as second:
        assert not operating_system.is_locked(second.fileno())
        operating_system.lock(first.fileno())
        assert operating_system.is_locked(second.fileno())
        with pytest.raises(BlockingIOError, match="another process"):
            operating_system.lock(second.fileno())
