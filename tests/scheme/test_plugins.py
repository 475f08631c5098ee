"""
Plugins are found by their entry point, and one that is broken says which package it is.
"""

from __future__ import annotations

from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Any

import pytest
from kstore_bird import plugin as bird
from kstore_wardle import plugin as wardle

from kstore.scheme import installed_plugins


class Installed(Distribution):
    """A distribution with nothing but entry points."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read_text(self, filename: str) -> str | None:
        return {"entry_points.txt": self._text, "METADATA": "Name: kstore-zoo\n"}.get(filename)

    def locate_file(self, path: Any) -> Any:
        return Path(path)


def points(*values: str) -> list[EntryPoint]:
    """Entry points of an installed package."""
    lines = "\n".join(f"p{index} = {value}" for index, value in enumerate(values))
    return list(Installed(f"[{installed_plugins.GROUP}]\n{lines}\n").entry_points)


def test_plugins_are_loaded() -> None:
    """Each entry point names a plugin."""
    loaded = installed_plugins.load(points("kstore_wardle:plugin", "kstore_bird:plugin"))
    assert (loaded.plugins, loaded.failures) == ((wardle, bird), ())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("kstore_absent:plugin", "No module named 'kstore_absent'"),
        ("kstore_wardle:nothing", "has no attribute 'nothing'"),
        ("kstore_wardle:rules", "is a module, no Plugin"),
    ],
)
def test_a_broken_plugin(value: str, message: str) -> None:
    """A plugin that cannot be loaded is named with its package and what to do; the others are loaded."""
    loaded = installed_plugins.load(points(value, "kstore_bird:plugin"))
    (failure,) = loaded.failures
    assert loaded.plugins == (bird,)
    assert message in str(failure)
    assert failure.package == "kstore-zoo"
    assert "uninstall" in failure.hint


def test_a_plugin_that_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a package does when it is imported, it takes nothing else down."""
    (tmp_path / "kstore_quitter.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(tmp_path)
    loaded = installed_plugins.load(points("kstore_quitter:plugin", "kstore_wardle:plugin"))
    assert loaded.plugins == (wardle,)
    assert "SystemExit(0)" in str(loaded.failures[0])


def test_two_plugins_for_the_same() -> None:
    """The second is refused, with what they share and who has it."""
    loaded = installed_plugins.load(points("kstore_wardle:plugin", "kstore_wardle:plugin"))
    assert loaded.plugins == (wardle,)
    (failure,) = loaded.failures
    for shared in ("wardle.v1beta1", "wardle.example.com/v1alpha1 Flunder", "flunders.wardle.example.com"):
        assert shared in failure.message


def test_whether_any_package_names_plugins(tmp_path: Path) -> None:
    """Told by the files alone; what is no folder is left to importlib.metadata."""
    site, other, archive = tmp_path / "site", tmp_path / "other", tmp_path / "packages.zip"
    (site / "zoo-1.0.dist-info").mkdir(parents=True)
    other.mkdir()
    archive.write_bytes(b"PK\5\6" + bytes(18))
    names = site / "zoo-1.0.dist-info" / "entry_points.txt"
    assert not installed_plugins.any_named([str(site), str(other), str(tmp_path / "gone")])
    names.write_text("[console_scripts]\nzoo = zoo:main\n")
    assert not installed_plugins.any_named([str(site), str(other)])
    names.write_text(f"[{installed_plugins.GROUP}]\nzoo = zoo:plugin\n")
    assert installed_plugins.any_named([str(other), str(site)])
    assert installed_plugins.any_named([str(other), str(archive)])
