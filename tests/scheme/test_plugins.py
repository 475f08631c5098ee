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

from kstore.errors import ExtensionError
from kstore.scheme import plugins


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
    return list(Installed(f"[{plugins.GROUP}]\n{lines}\n").entry_points)


def test_plugins_are_loaded() -> None:
    """Each entry point names a plugin."""
    assert plugins.load(points("kstore_wardle:plugin", "kstore_bird:plugin")) == [wardle, bird]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("kstore_absent:plugin", "No module named 'kstore_absent'"),
        ("kstore_wardle:nothing", "has no attribute 'nothing'"),
        ("kstore_wardle:rules", "is a module, no Plugin"),
    ],
)
def test_a_broken_plugin(value: str, message: str) -> None:
    """A plugin that cannot be loaded is an error that names its package and what to do."""
    with pytest.raises(ExtensionError, match=message) as caught:
        plugins.load(points(value))
    assert "kstore-zoo" in str(caught.value)
    assert "uninstall" in caught.value.hint
