"""
The plugins that are installed: found by their entry points, loaded, and told apart.

Nothing is loaded by importing this module: the command line loads what is installed, a library's caller passes what it
wants.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

from kstore.errors import ExtensionError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from kstore.scheme.plugins import Plugin

GROUP = "kstore.scheme"
"""The entry point group."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the plugins that are installed."""

    plugins: tuple[Plugin, ...]
    """Those that hold, by the name of their entry point."""
    packages: tuple[str, ...]
    """The package of each."""
    failures: tuple[ExtensionError, ...]
    """Why the others could not be loaded; each names its package. Their types are unknown."""


def load(found: Iterable[EntryPoint] | None = None) -> Loaded:
    """
    Load the plugins that are installed; one that is broken keeps no other from being loaded.

    Args:
        found: entry points to load instead of the installed ones.
    """
    points = _installed() if found is None else found
    plugins: list[Plugin] = []
    packages: list[str] = []
    failures: list[ExtensionError] = []
    for point in sorted(points, key=lambda point: point.name):
        package = point.dist.name if point.dist else point.module
        try:
            plugin = _load(point)
            _see_apart(plugin, zip(plugins, packages, strict=True))
        except ExtensionError as error:
            failures.append(error.of_package(package, point.name, f"repair the package {package}, or uninstall it"))
            continue
        plugins.append(plugin)
        packages.append(package)
    return Loaded(tuple(plugins), tuple(packages), tuple(failures))


def _installed() -> Iterable[EntryPoint]:
    if not any_named():
        return ()
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def any_named(path: Iterable[str] | None = None) -> bool:
    """
    Whether an installed package may have plugins.

    Looks for the group's name in the files that importlib.metadata would parse: that module takes a sixth of the time
    in which kstore starts, and most people have no plugins. Whatever is no directory (a zip file), or is found in
    other ways than by `sys.path`, is left to importlib.metadata.

    Args:
        path: where packages are installed, instead of `sys.path`.
    """
    if path is None:
        if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
            return True
        path = sys.path
    return any(map(_may_have_plugins, path))


def _may_have_plugins(folder: str) -> bool:
    try:
        with os.scandir(folder or ".") as found:
            return any(_names_group(entry.path) for entry in found if entry.name.endswith((".dist-info", ".egg-info")))
    except NotADirectoryError:
        return True
    except OSError:
        return False  # most people's sys.path has folders that are not there


def _names_group(package: str) -> bool:
    try:
        with open(os.path.join(package, "entry_points.txt"), "rb") as file:
            return GROUP.encode() in file.read()
    except OSError:
        return False


def _load(point: EntryPoint) -> Plugin:
    from kstore.scheme.plugins import Plugin

    try:
        plugin = point.load()
    except ExtensionError:
        raise
    except (Exception, SystemExit) as error:
        raise ExtensionError(f"the plugin cannot be loaded: {error!r}") from error
    if not isinstance(plugin, Plugin):
        raise ExtensionError(f"{point.value} is a {type(plugin).__name__}, no Plugin")
    return plugin


def _see_apart(plugin: Plugin, others: Iterable[tuple[Plugin, str]]) -> None:
    """
    See that a plugin brings nothing that another has brought.

    Raises:
        ExtensionError: it does; the other's package is named.
    """
    for other, package in others:
        twice = [name for name in plugin.tables.types if name in other.tables.types]
        twice += sorted(_names(plugin) & _names(other))
        if plugin.name == other.name:
            twice.append(f"the name {plugin.name}")
        if twice:
            raise ExtensionError(f"{', '.join(twice)}: the package {package} has that already")


def _names(plugin: Plugin) -> set[str]:
    """What no two plugins can both have: kinds, and resources with the keys where they keep their objects."""
    tables = plugin.tables
    return {
        *(f"{one['group']}/{one['version']} {one['kind']}" for one in tables.kinds),
        *(f"{one.resource}.{one.group}" for one in tables.resources),
        *(f"keys {one.key_prefix}" for one in tables.resources),
    }
