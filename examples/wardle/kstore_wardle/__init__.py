"""
wardle.example.com, the group that Kubernetes' sample-apiserver serves: Flunder in two versions, Fischer in one.
"""

from __future__ import annotations

from kstore.catalog.plugin_tables import ExtensionTables
from kstore.scheme.plugins import Plugin
from kstore_wardle import rules

plugin = Plugin("wardle", ExtensionTables.read(__name__), (rules.v1alpha1,))
