"""
What a plugin is written with: `from kstore.plugin import Plugin, Rules, Tables`; docs/plugins.md shows how.

A plugin brings the types, defaults and conversions of an API server of one's own. Beside its three parts there are the
types that its functions are annotated with.
"""

from kstore.catalog.plugin_tables import Tables
from kstore.scheme.plugins import Plugin
from kstore.scheme.registry import Auto, Obj, Rules, Scope

__all__ = ["Auto", "Obj", "Plugin", "Rules", "Scope", "Tables"]
