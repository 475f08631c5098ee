"""
Extension API servers as plugins: installed packages that bring types, resources and rules of their own.

A package names a `Plugin` in the entry point group `kstore.scheme`; docs/plugins.md shows how one is written. Nothing
is loaded by importing this module: the command line loads what is installed, a library's caller passes what it wants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kstore.catalog.plugin_tables import Tables, raise_first
from kstore.errors import ExtensionError
from kstore.scheme.plugin_faults import faults
from kstore.scheme.registry import Rules

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "kstore.scheme"
"""The entry point group."""


@dataclass(frozen=True)
class Plugin:
    """
    What one extension API server adds to the scheme.

    Raises:
        ExtensionError: tables and rules do not fit each other; it names rule or row, and in `others` what else is
            wrong.
    """

    name: str
    tables: Tables
    """Its kinds, resources and types."""
    rules: tuple[Rules, ...] = ()
    """Its defaulting, conversion, canonical form and validation."""

    def __post_init__(self) -> None:
        raise_first(faults(self.tables, self.rules))


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
    from importlib.metadata import entry_points

    points = entry_points(group=GROUP) if found is None else found
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


def _load(point: EntryPoint) -> Plugin:
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
