"""How pages are sized."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kstore.source.etcd_paging import next_limit

MIB = 1024 * 1024


@given(
    limit=st.integers(1, 10_000),
    keys=st.integers(0, 10_000),
    size=st.integers(0, 2**33),
    remaining=st.integers(-1, 10**8),
)
def test_a_limit_is_always_usable(limit: int, keys: int, size: int, remaining: int) -> None:
    """Whatever the server answered, the next page has from 1 to 10,000 keys and grows at most eightfold."""
    following = next_limit(limit, keys, size, remaining)
    assert 1 <= following <= min(10_000, max(limit * 8, 1))


@given(average=st.integers(1, 1_500_000), keys=st.integers(1, 500), remaining=st.integers(0, 10**7))
def test_a_page_is_bounded_in_bytes(average: int, keys: int, remaining: int) -> None:
    """As long as values stay as big as they were, no page is bigger than 16 MiB, or than one value."""
    following = next_limit(keys, keys, average * keys, remaining)
    assert following * average <= 16 * MIB or following == 1


def test_pages_grow_with_what_is_left() -> None:
    """Where much is left pages are big, because the server counts the rest of the range for each one."""
    few, many = (next_limit(10_000, 1000, 3_000_000, remaining) for remaining in (10_000, 1_000_000))
    assert few * 3000 <= 1.1 * MIB
    assert many == min(16 * MIB // 3000, 10_000)


def test_huge_values_make_small_pages() -> None:
    """After a page of values of a megabyte each, the next one asks for a few."""
    assert next_limit(200, 200, 200 * MIB, 10_000) <= 16
