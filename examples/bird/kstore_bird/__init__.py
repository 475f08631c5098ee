"""
demo.example.com, the group of a server made with apiserver-builder: Bird, whose author filled in spec and status.
"""

from __future__ import annotations

from kstore.catalog.plugin_tables import ExtensionTables
from kstore.scheme.plugins import Plugin
from kstore_bird import rules

plugin = Plugin("bird", ExtensionTables.read(__name__), (rules.v1alpha1,))
