"""
demo.example.com, the group of a server made with apiserver-builder: Bird, whose author filled in spec and status.
"""

from __future__ import annotations

from kstore.plugin import Plugin, Tables
from kstore_bird import rules

plugin = Plugin("bird", Tables.read(__name__), (rules.v1alpha1,))
