"""
The exit codes: the page, the module and the errors say the same, and a command really ends with each.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Kstore
from tests.cli.damaged import damaged_store

import kstore as package
from kstore.cli.exit_codes import ExitCode
from kstore.errors import KstoreError

INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever runs the tests may have it ignored
from kstore.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    """The text of the page."""
    return (repository / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")


def rows(page: str, heading: str) -> list[list[str]]:
    """The rows of the table whose heading begins so, without what marks code."""
    table = page[page.index(f"| {heading} |") :].split("\n\n")[0]
    return [[cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()[2:]]


def every_error() -> Iterator[type[KstoreError]]:
    """Every class of error in the package, those outside of `kstore.errors` too."""
    for module in pkgutil.walk_packages(package.__path__, "kstore."):
        if not module.name.startswith(("kstore.cli.browse", "kstore.__main__")):  # the browser needs textual
            importlib.import_module(module.name)
    waiting = [KstoreError]
    while waiting:
        waiting.extend(waiting[0].__subclasses__())
        if (found := waiting.pop(0)).__module__.startswith("kstore."):  # tests have errors of their own
            yield found


def test_the_page_has_every_code(page: str) -> None:
    """Each code, with its name, and no other."""
    assert [(int(code), name) for code, name, *_ in rows(page, "code")] == [(one.value, one.name) for one in ExitCode]


def test_the_page_has_every_error(page: str) -> None:
    """Each class of error, wherever it is, stands there with the code that it has."""
    expected = {
        (one.code, str(int(one.exit_code)), one.__name__) for one in every_error() if not one.__name__.startswith("_")
    }
    assert {tuple(row) for row in rows(page, "error")} == expected


def test_every_error_ends_with_one_of_the_codes() -> None:
    """No class of error has a number that the command line does not know."""
    assert {one.exit_code for one in every_error()} <= set(ExitCode)


def test_no_command_has_codes_of_its_own(repository: Path) -> None:
    """Numbers other than 0 stand in one module only."""
    wrong = [
        f"{path.name}: {line.strip()}"
        for path in (repository / "src" / "kstore" / "cli").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if path.name != "exit_codes.py" and re.search(r"\bEXIT_[A-Z]|SystemExit\(\d|exit\(\d", line)
    ]
    assert wrong == []


@pytest.mark.large
@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (ExitCode.DONE, ["version"]),
        (ExitCode.DONE, ["diff", "@", "@"]),
        (ExitCode.FAILED, ["get", "pods/default/none"]),
        (ExitCode.FAILED, ["--rev", "999999", "ls"]),
        (ExitCode.USAGE, ["ls", "nothings"]),
        (ExitCode.USAGE, ["ls", "--nope"]),
        (ExitCode.CONFLICT, ["delete", "pods/default/webserver", "--yes"]),
        (ExitCode.CONFLICT, ["restore", "cm/shop/settings", "--from-rev", "250", "--overwrite", "--yes"]),
        (ExitCode.FOUND, ["check"]),
        (ExitCode.FOUND, ["diff", "@250", "@"]),
    ],
)
def test_on_the_demo_store(demo: Kstore, code: ExitCode, arguments: list[str]) -> None:
    """A command for each code that a store which only is read can bring about."""
    assert demo(*arguments).code == code


@pytest.mark.large
@pytest.mark.parametrize("arguments", [["ls", "pods"], ["get", "pods"], ["analyze"], ["ls"]])
def test_unreadable_objects(kstore: Kstore, tmp_path: Path, arguments: list[str]) -> None:
    """A value that breaks off: 3, and the rest is shown."""
    ran = kstore("--store", str(damaged_store(tmp_path / "store")), *arguments)
    assert ran.code == ExitCode.SOME_SKIPPED
    assert ran.out


def test_interrupted() -> None:
    """Ctrl-C while it waits for more input: 130."""
    command = [sys.executable, "-c", INTERRUPTIBLE, "decode", "--batch"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(b"{}\n")
        running.stdin.flush()
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == ExitCode.INTERRUPTED


def test_nobody_reads_the_output() -> None:
    """A closed pipe: 141, without a word."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "kstore", "--store", "demo", "ls", "-A", "-o", "json", "pods"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (ExitCode.BROKEN_PIPE, b"")


def test_nobody_reads_the_messages() -> None:
    """As with `2>&1 | head`: 141 for a command that goes on to print, an error keeps its own code."""
    reading, writing = os.pipe()
    os.close(reading)
    codes = []
    for words in (["--store", "demo", "-v", "get", "nodes"], ["ls", "--nope"]):
        command = [sys.executable, "-m", "kstore", *words]
        codes.append(
            subprocess.run(command, stdout=subprocess.PIPE, stderr=writing, timeout=60, check=False).returncode
        )
    os.close(writing)
    assert codes == [ExitCode.BROKEN_PIPE, ExitCode.USAGE]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_under_the_output() -> None:
    """It is named."""
    command = [sys.executable, "-m", "kstore", "--store", "demo", "ls", "/", "-o", "json"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, b"kstore: standard output: No space left on device\n")
