"""
Extension API servers as plugins: installed packages that bring types, resources and rules of their own.

A package names a `Plugin` as an entry point (`installed_plugins`); docs/plugins.md shows how one is written.
"""

from __future__ import annotations

from dataclasses import dataclass

from kstore.catalog.plugin_tables import Tables, raise_first
from kstore.scheme.plugin_faults import faults
from kstore.scheme.registry import Rules


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
