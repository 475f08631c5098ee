"""
wardle.example.com, the group that Kubernetes' sample-apiserver serves: Flunder in two versions, Fischer in one.
"""

from __future__ import annotations

from kstore.plugin import Plugin, Tables
from kstore_wardle import rules

plugin = Plugin("wardle", Tables.read(__name__), (rules.v1alpha1,))
