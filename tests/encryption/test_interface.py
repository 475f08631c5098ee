"""
What a value that opened to nonsense means.
"""

from __future__ import annotations

from kstore.encryption.interface import Opened
from kstore.encryption.prefix import EncryptionHeader
from kstore.errors import TamperedValue, WrongKey

PATH = b"/registry/secrets/default/database"


def test_nonsense_under_aescbc_is_a_wrong_key_or_a_change() -> None:
    """Without authentication the beginning tells: noise is a wrong key, a good beginning a changed value."""
    encryption_header = EncryptionHeader("aescbc", "key1")
    noise = Opened(bytes(range(128, 256)), encryption_header, stale=False, authenticated=False)
    damaged = Opened(b'{"kind":"Secret"' + bytes(range(128, 160)), encryption_header, stale=False, authenticated=False)
    assert isinstance(noise.doubt(PATH), WrongKey)
    assert isinstance(damaged.doubt(PATH), TamperedValue)


def test_nonsense_that_is_authentic_is_the_objects_own_fault() -> None:
    """What was encrypted like that, or never encrypted, is not blamed on encryption."""
    assert Opened(b"\xff", EncryptionHeader("aesgcm", "key1"), stale=False, authenticated=True).doubt(PATH) is None
    assert Opened(b"\xff", None, stale=False, authenticated=False).doubt(PATH) is None


def test_plaintext_is_not_shown() -> None:
    """Neither the value's repr nor its doubts hold what was opened."""
    opened = Opened(b"hunter2-hunter2-hunter2", EncryptionHeader("aescbc", "key1"), stale=False, authenticated=False)
    assert "hunter2" not in repr(opened)
    assert "hunter2" not in str(opened.doubt(PATH))
