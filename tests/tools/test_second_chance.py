"""What failed runs once more, alone: what passes then is named, what fails again fails the run; nothing is hidden."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TESTS = """
import os, random
from pathlib import Path
import pytest

def test_flaky():
    drawn = Path("drawn")
    if not drawn.exists():
        drawn.write_text(str(random.random()))
        raise AssertionError
    assert float(drawn.read_text()) == random.random()
    assert "PYTEST_XDIST_WORKER" not in os.environ

def test_good():
    Path("good").open("a").write("x")

if Path("broken").exists():
    @pytest.fixture
    def nothing():
        raise AssertionError

    def test_broken(nothing):
        pass
if Path("crash").exists():
    def test_crash():
        if not Path("crashed").exists():
            Path("crashed").touch()
            os._exit(1)
"""


def run(folder: Path, repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest with a second chance in a folder, with two workers."""
    (folder / "test_it.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    outer = ("PYTEST_", "COV_CORE_")  # what the run that this test is of has told its own workers
    environment = {name: value for name, value in os.environ.items() if not name.startswith(outer)}
    environment["PYTHONPATH"] = str(repository)
    command = [sys.executable, "-m", "tools.second_chance", "flaky", "-n", "2", "-rf", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def names(folder: Path) -> list[str]:
    """Which tests were said to be flaky."""
    path = folder / "flaky"
    return path.read_text().splitlines() if path.exists() else []


def test_passes_at_the_second_attempt(tmp_path: Path, repository: Path) -> None:
    """The run passes and the test is named; it ran alone, with the same random numbers, and no other ran again."""
    ran = run(tmp_path, repository)
    assert ran.returncode == 0, ran.stdout
    assert names(tmp_path) == ["test_it.py::test_flaky"]
    assert (tmp_path / "good").read_text() == "x"


def test_a_worker_that_dies(tmp_path: Path, repository: Path) -> None:
    """What its worker ended with counts as failed, and is named as well."""
    (tmp_path / "crash").touch()
    ran = run(tmp_path, repository)
    assert ran.returncode == 0, ran.stdout
    assert names(tmp_path) == ["test_it.py::test_crash", "test_it.py::test_flaky"]


def test_fails_again(tmp_path: Path, repository: Path) -> None:
    """The run fails, and nothing is called flaky."""
    (tmp_path / "broken").touch()
    ran = run(tmp_path, repository)
    assert ran.returncode == 1
    assert names(tmp_path) == []
    assert ran.stdout.count("FAILED test_it.py::test_flaky") == 1
    assert "1 passed, 1 error" in ran.stdout


@pytest.mark.parametrize(("arguments", "code"), [(["--nonsense"], 4), (["-k", "nothing_of_that_name"], 5)])
def test_no_test_failed(tmp_path: Path, repository: Path, arguments: list[str], code: int) -> None:
    """pytest's own faults are no test's: they are what they are, at once."""
    ran = run(tmp_path, repository, *arguments)
    assert ran.returncode == code
    assert "once more" not in ran.stdout


def test_coverage_below_the_floor(tmp_path: Path, repository: Path) -> None:
    """A floor of coverage that was not reached fails the run, whatever became of the tests."""
    (tmp_path / "code.py").write_text("def never():\n    return 1\n")
    (tmp_path / ".coveragerc").write_text("[run]\nsource = .\n[report]\nfail_under = 100\n")
    ran = run(tmp_path, repository, "--cov", "--cov-report=term")
    assert ran.returncode == 2
    assert names(tmp_path) == []
