"""
Extension API servers as plugins: installed packages that bring types, resources and rules of their own.

A package names a `Plugin` in the entry point group `kstore.scheme`; docs/plugins.md shows how one is written. Nothing
is loaded by importing this module: the command line loads what is installed, a library's caller passes what it wants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kstore.catalog.plugin_tables import ExtensionTables
from kstore.errors import ExtensionError
from kstore.scheme.registry import Rules

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "kstore.scheme"
"""The entry point group."""


@dataclass(frozen=True)
class Plugin:
    """What one extension API server adds to the scheme."""

    name: str
    tables: ExtensionTables
    """Its kinds, resources and types."""
    rules: tuple[Rules, ...] = ()
    """Its defaulting, conversion, canonical form and validation."""


def load(found: Iterable[EntryPoint] | None = None) -> list[Plugin]:
    """
    The plugins that are installed, by name.

    Args:
        found: entry points to load instead of the installed ones.

    Raises:
        ExtensionError: one of them cannot be loaded; the error names its package.
    """
    from importlib.metadata import entry_points

    points = entry_points(group=GROUP) if found is None else found
    return [_load(point) for point in sorted(points, key=lambda point: point.name)]


def _load(point: EntryPoint) -> Plugin:
    package = point.dist.name if point.dist else point.module
    hint = f"repair the package {package}, or uninstall it"
    try:
        plugin = point.load()
    except ExtensionError as error:
        raise ExtensionError(error.message, where=": ".join(filter(None, (package, error.where))), hint=hint) from None
    except Exception as error:
        raise ExtensionError(f"the plugin cannot be loaded: {error!r}", where=package, hint=hint) from error
    if not isinstance(plugin, Plugin):
        raise ExtensionError(f"{point.value} is a {type(plugin).__name__}, no Plugin", where=package, hint=hint)
    return plugin
