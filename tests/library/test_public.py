"""
What `import kstore` exports: the names on the page of the library, each with its type, and at no cost.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kstore
from kstore.errors import KstoreError


@pytest.fixture(scope="session")
def page(repository: Path) -> str:
    """docs/library.md."""
    return (repository / "docs" / "library.md").read_text(encoding="utf-8")


def test_the_page_names_what_is_exported(page: str) -> None:
    """No more, no less."""
    listed = re.findall(r"`(\w+)`", page.partition("## All names")[2].partition("Beside them")[0])
    assert listed == sorted(kstore.__all__)


def test_every_name_is_there_with_its_type() -> None:
    """What a type checker is told is what is loaded."""
    told: dict[str, str] = {}
    for node in ast.walk(ast.parse(Path(kstore.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("kstore."):
            assert [one.name for one in node.names] == [one.asname for one in node.names]
            told.update({one.name: str(node.module) for one in node.names})
    assert {*told, "__version__"} == set(kstore.__all__)
    for name, module in told.items():
        assert getattr(kstore, name) is getattr(sys.modules[module], name)


def test_what_is_not_public_is_not_there() -> None:
    """A name that is none is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = kstore.no_such_name  # type: ignore[attr-defined]


def test_every_error_is_documented_with_its_code(page: str) -> None:
    """The table of errors has each that is exported."""
    rows = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 4]
    documented: dict[str, str] = {}
    for row in rows:
        names, codes = (re.findall(r"`([\w-]+)`", cell) for cell in row.split("|")[1:3])
        documented.update(zip(names, codes, strict=True))
    exported = {name: getattr(kstore, name) for name in kstore.__all__}
    errors = {name: one for name, one in exported.items() if isinstance(one, type) and issubclass(one, KstoreError)}
    assert documented == {name: one.code for name, one in errors.items()}


def test_importing_loads_nothing() -> None:
    """Neither the library nor what it stands on."""
    code = "import sys, kstore; print([name for name in sys.modules if name.startswith('kstore')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['kstore']"
