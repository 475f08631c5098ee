"""
The door: exit codes, and errors worded in one line with what to try.
"""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Kstore

from kstore.cli import main
from kstore.source.location.demo import unpacked


@pytest.mark.large
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ls", "-o", "xml"], 2, "there is no format 'xml'"),
        (["lss"], 2, "did you mean 'ls'"),
        (["ls", "--nope"], 2, "there is no option"),
        (["get"], 2, "missing argument"),
        (["get", "pods"], 0, ""),
        (["get", "pods/default/none"], 1, "nothing is stored at /registry/pods/default/none"),
        (["get", "/registry/none"], 1, "nothing is stored"),
        (["get", "/registry/pods"], 1, "`kstore ls /registry/pods` shows"),
        (["get", "poods"], 2, "did you mean 'pods'"),
        (["get", "deploy/shop/cart", "--as", "apps/v3"], 2, "known versions are apps/v1, apps/v1beta1, apps/v1beta2"),
        (["get", "deploy/shop/cart", "--as", "apps/v3", "-o", "raw"], 2, "no kind is known in apps/v3"),
        (["ls", "deploy", "--as", "none.example.com/v1"], 2, "no kind is known in none.example.com/v1"),
        (["ls", "ct", "--as", "stable.example.com/v9"], 3, "it has v1beta1, v1"),
        (["ls", "ct", "--as", "apps/v1"], 3, "apps/v1 has no kind CronTab"),
        (["get", "pods/default/webserver", "--as", "apps/v1"], 3, "apps/v1 has no kind Pod"),
        (["get", "pods/default/webserver", "--as", "a/b/c"], 2, "is not a group and version"),
        (["ls", "nothings"], 2, "no resource 'nothings'"),
        (["ls", "poods"], 2, "did you mean 'pods'"),
        (["ls", "pods", "--release", "2.0"], 2, "release '2.0' is not known"),
        (["ls", "pods", "-l", "a in ("], 2, "selector"),
        (["ls", "pods", "--now", "noon"], 2, "is not a time"),
        (["ls", "pods", "--storage-columns", "weight"], 2, "is no storage column"),
        (["ls", "pods", "--where", "spec."], 2, "is no CEL expression"),
        (["edit", "cm/shop/settings", "-f", sys.executable], 2, "this is no text"),
        (["diff", "demo", "none.db"], 1, "none.db: there is no such file or directory"),
        (["diff", "none", "."], 1, "none: there is no such file or directory"),
        (["diff", "demo", "127.0.0.1:1"], 1, "connection refused"),
        (["diff", "demo", "pods/default/webserver"], 2, "a store and an object cannot be compared"),
        (["get", "\udcff/x"], 2, r"no resource '\udcff'"),
        (["ls", "--rev", "999999"], 1, "revision"),
        (["ls", "--rev", "1"], 1, "compact"),
    ],
)
def test_exit_codes(demo: Kstore, arguments: list[str], code: int, words: str) -> None:
    """What cannot be meant is 2, what is not there 1, what cannot be had 3: never a traceback."""
    ran = demo(*arguments)
    assert (ran.code, "Traceback" in ran.err) == (code, False)
    assert words in ran.err
    if code in (1, 2):
        assert ran.err.startswith("kstore: ")
        assert ran.out == b""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such"),
        (b"", "empty"),
        (b"hello, world\n" * 2000, "is no bbolt database"),
        (b"\0" * 32768, "is no bbolt database"),
    ],
)
def test_stores_that_are_none(kstore: Kstore, tmp_path: Path, content: bytes | None, words: str) -> None:
    """No such file, an empty one, text, zeros: one clear line that names the path, and 1."""
    path = tmp_path / "store.db"
    if content is not None:
        path.write_bytes(content)
    ran = kstore("--store", str(path), "ls")
    assert ran.code == 1
    assert str(path) in ran.err
    assert words in ran.err.lower()
    assert "hint: " in ran.err
    assert "Traceback" not in ran.err


def test_a_database_cut_short(kstore: Kstore, tmp_path: Path) -> None:
    """What is missing is named, and the way to read what is left."""
    path = tmp_path / "store.db"
    whole = unpacked().read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    ran = kstore("--store", str(path), "ls")
    assert (ran.code, ran.out) == (1, b"")
    assert f"the file only {len(whole) // 2}" in ran.err
    assert "--salvage" in ran.err


@pytest.mark.large
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_output_is_utf8_whatever_the_locale_says(encoding: str) -> None:
    """As kubectl's is; what is stored comes out as it is."""
    command = [sys.executable, "-m", "kstore", "--store", "demo", "ls"]
    ran = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": encoding})
    assert "\n├─ core " in ran.stdout.decode()


@pytest.mark.large
@pytest.mark.skipif(os.name != "posix", reason="a shell is needed to close streams")
@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("--store demo ls >&-", 1, "there is no standard output"),
        ("--store demo ls >&- 2>&-", 1, ""),
        ("--store demo ls nosuch 2>&-", 2, ""),
        ("decode <&-", 3, "there is nothing to read"),
        ("--store demo edit pods/default/webserver <&-", 2, "there is no terminal"),
    ],
)
def test_closed_streams(command: str, code: int, words: str) -> None:
    """Whoever starts kstore may have closed its streams."""
    line = f"{shlex.quote(sys.executable)} -m kstore {command}"
    ran = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
    assert ran.returncode == code
    assert words in ran.stderr
    assert "unexpected" not in ran.stderr


def test_a_user_without_a_home(kstore: Kstore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container gives its user a number, and often no more: what would be in the home is done without."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    snapshot = tmp_path / "store.db"
    snapshot.write_bytes(unpacked().read_bytes())
    for store in ("demo", str(snapshot)):
        assert kstore("--store", store, "ls", "pods").code == 0
    ran = kstore("--store", "~nobody-of-this-name/store.db", "ls")
    assert ran.code == 1
    assert "~nobody-of-this-name/store.db" in ran.err


def test_nobody_listens(kstore: Kstore) -> None:
    """What was tried is told, and what to look at."""
    ran = kstore("--command-timeout", "2s", "--dial-timeout", "1s", "--store", "http://127.0.0.1:1", "ls")
    assert ran.code == 1
    assert "127.0.0.1:1" in ran.err
    assert "its clients use 2379" in ran.err


def test_options_of_the_store_stand_anywhere(kstore: Kstore) -> None:
    """Before the command and after it they mean the same."""
    before = kstore("--store", "demo", "ls", "pods", "-o", "name")
    after = kstore("ls", "pods", "-o", "name", "--store", "demo")
    assert before.code == after.code == 0
    assert before.out == after.out != b""


def test_a_reader_that_goes_away() -> None:
    """`kstore ... | head` ends quietly."""
    program = f"{sys.executable} -m kstore --store demo ls / -o jsonl | head -1"
    ran = subprocess.run(program, shell=True, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    assert ran.stdout.startswith("{")


def test_traceback_on_request(demo: Kstore) -> None:
    """--traceback shows where an error came from, besides the line."""
    ran = demo("get", "/registry/none", "--traceback")
    assert "Traceback" in ran.err
    assert "kstore: nothing is stored" in ran.err


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "standard output: No space left"),
        (errno.EDQUOT, "standard output: "),
        (errno.EFBIG, "standard output: File too large"),
        (errno.EACCES, "Permission denied"),
    ],
)
def test_what_is_printed_to_has_run_full(number: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A disk, a quota, or the longest file: it is what we print to, unless the error names a file."""
    assert main._worded(OSError(number, os.strerror(number)), main.Talk()) == 1
    assert capsys.readouterr().err.startswith(f"kstore: {words}")
    assert main._worded(OSError(number, os.strerror(number), "a.yaml"), main.Talk()) == 1
    assert capsys.readouterr().err.startswith("kstore: a.yaml: ")
