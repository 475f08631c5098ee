"""
How many things a command shows.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.catalog.releases import newest
from kstore.cli.listing import Reading
from kstore.scheme.scheme import Scheme
from kstore.store import Store
from kstore.testing import MemorySource


@pytest.mark.parametrize(
    ("limit", "counted"),
    [
        (None, [[1, 2, 3], [4, 5], [6]]),
        (1, [[1]]),
        (3, [[1, 2, 3]]),
        (4, [[1, 2, 3], [4]]),
        (5, [[1, 2, 3], [4, 5]]),
        (6, [[1, 2, 3], [4, 5], [6]]),
        (9, [[1, 2, 3], [4, 5], [6]]),
    ],
)
def test_a_limit_over_pages(limit: int | None, counted: list[list[int]]) -> None:
    """So many of all pages together; what is behind is not asked for."""
    reading = Reading(Store(MemorySource(), Scheme(newest())), limit=limit)
    pages: Any = iter([[1, 2, 3], [4, 5], [6]])
    assert list(reading.counted(pages)) == counted
    assert reading.found == sum(map(len, counted))
