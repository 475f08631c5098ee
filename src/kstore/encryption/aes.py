"""
`aescbc` and `aesgcm`, and the derived keys of KMS v2: values encrypted with AES
(`apiserver/pkg/storage/value/encrypt/aes`).

Knows the layouts:

- CBC: a 16-byte IV, then the blocks, padded as PKCS#7. Nothing is authenticated.
- GCM: a 12-byte nonce, the ciphertext, a 16-byte tag; the etcd key is the additional authenticated data.
- derived GCM: 32 bytes of `info`, then GCM with the key HKDF-Expand(SHA-256, seed, info).
"""

from __future__ import annotations

import os

from kstore.encryption.interface import Algorithm, NotOpened
from kstore.encryption.prefix import seems_plain

_BLOCK = 16
_NONCE = 12
_TAG = 16
_INFO = 32
_GLIMPSE = 64

SEED_SIZE = 32
"""The least size of a seed (`MinSeedSizeExtendedNonceGCM`), and of those that are made."""


class AesCbc(Algorithm):
    """AES in CBC mode: notices a wrong key or a change by the padding only, that is 255 times of 256."""

    authenticated = False

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import algorithms

        self._key = algorithms.AES(key)

    def open(self, data: bytes, path: bytes) -> bytes:
        """See `Algorithm.open`."""
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        if len(data) < 2 * _BLOCK or len(data) % _BLOCK:
            raise NotOpened(f"{len(data)} bytes are not a whole number of blocks", key_fits=True)
        decryptor = Cipher(self._key, modes.CBC(data[:_BLOCK])).decryptor()
        padded = decryptor.update(data[_BLOCK:]) + decryptor.finalize()
        # As upstream, padding may be longer than a block: only its bytes must agree.
        padding = padded[-1]
        if not 0 < padding <= len(padded) or padded[-padding:] != bytes([padding]) * padding:
            raise NotOpened("its padding does not hold", key_fits=seems_plain(padded))
        return padded[:-padding]

    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """See `Algorithm.encrypt`."""
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        iv = os.urandom(_BLOCK)
        padding = _BLOCK - len(plain) % _BLOCK
        encryptor = Cipher(self._key, modes.CBC(iv)).encryptor()
        return iv + encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()


class AesGcm(Algorithm):
    """AES in Galois/Counter mode with a random nonce, the etcd key authenticated."""

    authenticated = True

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._aead = AESGCM(key)
        self._key = key

    def open(self, data: bytes, path: bytes) -> bytes:
        """See `Algorithm.open`."""
        from cryptography.exceptions import InvalidTag

        if len(data) < _NONCE + _TAG:
            raise NotOpened(f"{len(data)} bytes are too short for a nonce and a tag", key_fits=True)
        try:
            return self._aead.decrypt(data[:_NONCE], data[_NONCE:], path)
        except InvalidTag:
            raise NotOpened("its authentication fails", key_fits=seems_plain(self._glimpse(data))) from None

    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """See `Algorithm.encrypt`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, plain, path)

    def _glimpse(self, data: bytes) -> bytes:
        """
        The first bytes as the key makes them, unauthenticated: they tell a wrong key from a changed value.

        GCM's ciphertext is counter mode from the counter 2 on (NIST SP 800-38D, 7.1). They are looked at,
        never kept.
        """
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        counter = data[:_NONCE] + (2).to_bytes(4, "big")
        return Cipher(algorithms.AES(self._key), modes.CTR(counter)).decryptor().update(data[_NONCE:-_TAG][:_GLIMPSE])


class DerivedAesGcm(Algorithm):
    """GCM with a key of its own for each value, derived from a seed (`aes_extended_nonce.go`)."""

    authenticated = True

    def __init__(self, seed: bytes) -> None:
        if len(seed) < SEED_SIZE:
            raise ValueError(f"a seed of {len(seed)} bytes, fewer than {SEED_SIZE}")
        self._seed = seed

    def open(self, data: bytes, path: bytes) -> bytes:
        """See `Algorithm.open`."""
        if len(data) < _INFO:
            raise NotOpened(f"{len(data)} bytes are too short to derive its key", key_fits=True)
        return self._derive(data[:_INFO]).open(data[_INFO:], path)

    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """See `Algorithm.encrypt`."""
        info = os.urandom(_INFO)
        return info + self._derive(info).encrypt(plain, path)

    def _derive(self, info: bytes) -> AesGcm:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

        return AesGcm(HKDFExpand(SHA256(), length=32, info=info).derive(self._seed))
