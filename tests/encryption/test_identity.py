"""
Values in plain.
"""

from __future__ import annotations

import pytest

from kstore.encryption.identity import Identity
from kstore.errors import KeyMissing


def test_plain_stays_plain() -> None:
    """Opening and encrypting leave a value as it is."""
    assert Identity().open(b'{"kind":"Pod"}', b"/registry/x") == (b'{"kind":"Pod"}', False)
    assert Identity().encrypt(b'{"kind":"Pod"}', b"/registry/x") == b'{"kind":"Pod"}'


def test_an_encrypted_value_is_refused() -> None:
    """What somebody encrypted is never taken for a plain value."""
    with pytest.raises(KeyMissing):
        Identity().open(b"k8s:enc:aescbc:v1:key1:\0", b"/registry/x")
