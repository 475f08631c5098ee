"""
What each process of kstore needs: imported once, in the process that all others are forked from.
"""

from __future__ import annotations

from kstore.catalog.releases import newest
from kstore.scheme.scheme import Scheme

Scheme(newest())
