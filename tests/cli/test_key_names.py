"""
The names that stand directly below a folder of keys.
"""

from __future__ import annotations

import pytest

from kstore.cli.key_names import children_of
from kstore.testing import MemorySource

KEYS = ["/r/a", "/r/a/x", "/r/a/y", "/r/a-b/x", "/r/a0", "/r/a0/x", "/r/a1", "/r/b/x/y", "/s"]


@pytest.mark.parametrize(
    ("start", "names"),
    [
        ("", ["a", "a-b/", "a/", "a0", "a0/", "a1", "b/"]),
        ("a", ["a", "a-b/", "a/", "a0", "a0/", "a1"]),
        ("a0", ["a0", "a0/"]),
        ("b", ["b/"]),
        ("c", []),
    ],
)
def test_children(start: str, names: list[str]) -> None:
    """Each folder once, however many keys are in it, and none that stands behind it is passed over."""
    source = MemorySource(dict.fromkeys(KEYS, b"value"))
    assert list(children_of(source, b"/r/", f"/r/{start}".encode(), 0)) == names
