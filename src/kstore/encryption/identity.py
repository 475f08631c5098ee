"""
`identity`: values that are stored in plain.

Knows that an encrypted value is none of its own (`encrypt/identity/identity.go`), and nothing else.
"""

from __future__ import annotations

from kstore.encryption.interface import Cipher
from kstore.encryption.prefix import Seal, is_sealed
from kstore.errors import KeyMissing
from kstore.printable import key_text


class Identity(Cipher):
    """Leaves values as they are; refuses those that somebody else has encrypted."""

    name = Seal("identity", "")
    prefix = b""
    authenticated = False

    def open(self, body: bytes, path: bytes) -> tuple[bytes, bool]:
        """See `Cipher.open`."""
        if is_sealed(body):
            raise KeyMissing("the value is encrypted, and was to be read as plain text", where=key_text(path))
        return body, False

    def seal(self, plain: bytes, path: bytes) -> bytes:
        """See `Cipher.seal`."""
        return plain
