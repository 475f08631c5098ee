"""
Patterns of keys, as the shell has them.
"""

from __future__ import annotations

import re

import pytest

from kstore.source.remote import matching


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*/a.db", "x/a.db", True), ("*/a.db", "x/y/a.db", False), ("*/a.db", "a.db", False),
        ("a?b", "a-b", True), ("a?b", "a/b", False), ("a[!x]b", "a-b", True), ("a[!x]b", "axb", False),
        ("a[!x]b", "a/b", False), ("**/a[!x]b", "d/a/b", False), ("a[]]b", "a]b", True),
        ("a[!]]b", "a]b", False), ("a[b", "a[b", True), ("a[[]b", "a[b", True), ("a.b", "a-b", False),
        ("**/a.db", "a.db", True), ("**/a.db", "x/y/a.db", True), ("**/a.db", "xa.db", False),
        ("x/**/a.db", "x/a.db", True), ("x/**", "x/y/z", True), ("x/**", "xy", False), ("*\n*", "a\nb", True),
    ],
)  # fmt: skip
def test_what_a_pattern_matches(pattern: str, path: str, fits: bool) -> None:
    """Only `**` goes through several parts of a path; a class that leaves something out matches no slash either."""
    assert bool(re.fullmatch(matching._expression(pattern.split("/")), path)) is fits
