"""
Setting members that are unset, as Go's defaulting functions do.
"""

from __future__ import annotations

from typing import Any

from kstore.scheme.registry import Obj


def default_member(obj: Obj, name: str, value: Any) -> None:
    """Set a pointer member that is unset; one that points to zero stays."""
    if obj.get(name) is None:
        obj[name] = value


def default_text(obj: Obj, name: str, value: str) -> None:
    """Set a string member that is empty."""
    if not obj.get(name):
        obj[name] = value


def default_number(obj: Obj, name: str, value: int) -> None:
    """Set a number that is zero."""
    if not obj.get(name):
        obj[name] = value
