"""
Values in plain.
"""

from __future__ import annotations

import pytest

from kstore.encryption.identity import Identity
from kstore.errors import KeyMissing


def test_plain_stays_plain() -> None:
    """Opening and sealing leave a value as it is."""
    assert Identity().open(b'{"kind":"Pod"}', b"/registry/x") == (b'{"kind":"Pod"}', False)
    assert Identity().seal(b'{"kind":"Pod"}', b"/registry/x") == b'{"kind":"Pod"}'


def test_a_sealed_value_is_refused() -> None:
    """What somebody sealed is never taken for a plain value."""
    with pytest.raises(KeyMissing):
        Identity().open(b"k8s:enc:aescbc:v1:key1:\0", b"/registry/x")
