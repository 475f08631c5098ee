"""
Bytes as people read them.
"""

from __future__ import annotations

import pytest

from kstore.view.tree_text import human_size

KIB, MIB = 1024, 1024**2


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3277, "3.2 KiB"), (round(99.94 * KIB), "99.9 KiB"),
        (round(99.96 * KIB), "100 KiB"), (round(1023.4 * KIB), "1023 KiB"), (round(1023.6 * KIB), "1.0 MiB"),
        (MIB, "1.0 MiB"), (617 * MIB, "617 MiB"), (5 * 1024**3, "5.0 GiB"), (2000 * 1024**4, "2000 TiB"),
    ],
)  # fmt: skip
def test_sizes(size: int, text: str) -> None:
    """Three digits, a decimal where there is room; no unit is counted beyond 1023 of it but the last."""
    assert human_size(size) == text
