"""How pages are sized."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.errors import SourceError
from kstore.source.etcd.paging import RangeReader, next_limit
from kstore.source.options import SourceOptions

MIB = 1024 * 1024


@given(
    limit=st.integers(1, 10_000),
    keys=st.integers(0, 10_000),
    size=st.integers(0, 2**33),
)
def test_a_limit_is_always_usable(limit: int, keys: int, size: int) -> None:
    """Whatever the server answered, the next page has from 1 to 10,000 keys and grows at most eightfold."""
    following = next_limit(limit, keys, size)
    assert 1 <= following <= min(10_000, max(limit * 8, 1))


@given(average=st.integers(1, 1_500_000), keys=st.integers(1, 500))
def test_a_page_is_bounded_in_bytes(average: int, keys: int) -> None:
    """As long as values stay as big as they were, no page is bigger than 2 MiB, or than one value."""
    following = next_limit(keys, keys, average * keys)
    assert following * average <= 2 * MIB or following == 1


def test_huge_values_make_small_pages() -> None:
    """After a page of values of a megabyte each, the next one asks for a few."""
    assert next_limit(200, 200, 200 * MIB) <= 2


def test_a_server_that_goes_in_a_circle() -> None:
    """Keys that were sent before, again and again, are an error and no end: the range would never be through."""

    def page(key: bytes) -> SimpleNamespace:
        header = SimpleNamespace(revision=7)
        return SimpleNamespace(kvs=[SimpleNamespace(key=key, value=b"v")], more=True, header=header)

    pages = iter([b"/a", b"/c", b"/b"])
    connection = SimpleNamespace(
        location="etcd:2379",
        options=SourceOptions(),
        ask=lambda call, request, where: page(next(pages)),
        start=lambda call, request: SimpleNamespace(result=lambda: page(next(pages)), cancel=lambda: None),
    )
    reader = RangeReader(connection, b"/", b"0", streams=False)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="sent before") as failed:
        list(reader.pages())
    assert "/b" in failed.value.where
