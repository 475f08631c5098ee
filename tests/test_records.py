"""The range of a prefix, as etcd's client computes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.records import prefix_end


@pytest.mark.parametrize(
    ("prefix", "end"),
    [(b"", b"\0"), (b"/a", b"/b"), (b"/registry/pods/", b"/registry/pods0"), (b"a\xff", b"b"), (b"\xff\xff", b"\0")],
)
def test_the_first_key_behind_a_prefix(prefix: bytes, end: bytes) -> None:
    """The last byte that can be raised is, and what stands behind it goes (`GetPrefixRangeEnd`)."""
    assert prefix_end(prefix) == end


@given(prefix=st.binary(min_size=1, max_size=4), key=st.binary(max_size=6))
def test_it_holds_all_keys_and_no_other(prefix: bytes, key: bytes) -> None:
    """A key is in the range just if it begins with the prefix."""
    end = prefix_end(prefix)
    assert (key >= prefix and (end == b"\0" or key < end)) == key.startswith(prefix)
