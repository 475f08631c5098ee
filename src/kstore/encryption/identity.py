"""
`identity`: values that are stored in plain.

Knows that an encrypted value is none of its own (`encrypt/identity/identity.go`), and nothing else.
"""

from __future__ import annotations

from kstore.encryption.interface import Cipher
from kstore.encryption.prefix import EncryptionHeader, is_encrypted
from kstore.errors import KeyMissing
from kstore.printable import key_text


class Identity(Cipher):
    """Leaves values as they are; refuses those that somebody else has encrypted."""

    name = EncryptionHeader("identity", "")
    prefix = b""
    authenticated = False

    def open(self, body: bytes, path: bytes) -> tuple[bytes, bool]:
        """See `Cipher.open`."""
        if is_encrypted(body):
            raise KeyMissing("the value is encrypted, and was to be read as plain text", where=key_text(path))
        return body, False

    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """See `Cipher.encrypt`."""
        return plain
