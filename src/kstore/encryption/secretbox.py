"""
`secretbox`: values encrypted with XSalsa20 and Poly1305 (`encrypt/secretbox/secretbox.go`, NaCl's
`crypto_secretbox`).

Knows the layout (a 24-byte nonce, a 16-byte tag, the ciphertext; the etcd key is not authenticated) and
XSalsa20 itself, which the `cryptography` package lacks. PyNaCl does the same in C where it is installed.
"""

from __future__ import annotations

import os
import struct
from functools import cache
from importlib.util import find_spec

from kstore.encryption.interface import Algorithm, NotOpened
from kstore.encryption.prefix import seems_plain

_NONCE = 24
_TAG = 16
_GLIMPSE = 32
_POLY1305_KEY = 32
_BLOCK = 64
_SIGMA = struct.unpack("<4I", b"expand 32-byte k")

# Salsa20's double round (Bernstein, "The Salsa20 family of stream ciphers", 2007): in this order,
# word[target] ^= (word[a] + word[b]) <<< shift; first down the columns, then along the rows.
_DOUBLE_ROUND = (
    *((4, 0, 12, 7), (8, 4, 0, 9), (12, 8, 4, 13), (0, 12, 8, 18)),
    *((9, 5, 1, 7), (13, 9, 5, 9), (1, 13, 9, 13), (5, 1, 13, 18)),
    *((14, 10, 6, 7), (2, 14, 10, 9), (6, 2, 14, 13), (10, 6, 2, 18)),
    *((3, 15, 11, 7), (7, 3, 15, 9), (11, 7, 3, 13), (15, 11, 7, 18)),
    *((1, 0, 3, 7), (2, 1, 0, 9), (3, 2, 1, 13), (0, 3, 2, 18)),
    *((6, 5, 4, 7), (7, 6, 5, 9), (4, 7, 6, 13), (5, 4, 7, 18)),
    *((11, 10, 9, 7), (8, 11, 10, 9), (9, 8, 11, 13), (10, 9, 8, 18)),
    *((12, 15, 14, 7), (13, 12, 15, 9), (14, 13, 12, 13), (15, 14, 13, 18)),
)


class SecretBox(Algorithm):
    """XSalsa20-Poly1305 with a random nonce."""

    authenticated = True

    def __init__(self, key: bytes, *, pure: bool = False) -> None:
        self._key = key
        self._native = not pure and _has_nacl()

    def open(self, data: bytes, path: bytes) -> bytes:
        """See `Algorithm.open`."""
        if len(data) < _NONCE + _TAG:
            raise NotOpened(f"{len(data)} bytes are too short for a nonce and a tag", key_fits=True)
        nonce, encrypted = data[:_NONCE], data[_NONCE:]
        plain = (_open_native if self._native else _open_pure)(encrypted, nonce, self._key)
        if plain is None:
            glimpse = _xor(encrypted[_TAG:][:_GLIMPSE], xsalsa20_stream(self._key, nonce, _BLOCK)[_POLY1305_KEY:])
            raise NotOpened("its authentication fails", key_fits=seems_plain(glimpse))
        return plain

    def encrypt(self, plain: bytes, path: bytes) -> bytes:
        """See `Algorithm.encrypt`."""
        nonce = os.urandom(_NONCE)
        return nonce + (_encrypt_native if self._native else _encrypt_pure)(plain, nonce, self._key)


def xsalsa20_stream(key: bytes, nonce: bytes, size: int) -> bytes:
    """The first `size` bytes of the key stream of a 32-byte key and a 24-byte nonce."""
    subkey = _hsalsa20(key, nonce[:16])
    return _salsa20_blocks(subkey, nonce[16:], -(-size // _BLOCK))[:size]


@cache
def _has_nacl() -> bool:
    return find_spec("nacl") is not None


def _open_native(encrypted: bytes, nonce: bytes, key: bytes) -> bytes | None:
    from nacl.bindings import crypto_secretbox_open
    from nacl.exceptions import CryptoError

    try:
        plain: bytes = crypto_secretbox_open(encrypted, nonce, key)
    except CryptoError:
        return None
    return plain


def _encrypt_native(plain: bytes, nonce: bytes, key: bytes) -> bytes:
    from nacl.bindings import crypto_secretbox

    encrypted: bytes = crypto_secretbox(plain, nonce, key)
    return encrypted


def _open_pure(encrypted: bytes, nonce: bytes, key: bytes) -> bytes | None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.poly1305 import Poly1305

    tag, ciphertext = encrypted[:_TAG], encrypted[_TAG:]
    stream = xsalsa20_stream(key, nonce, _POLY1305_KEY + len(ciphertext))
    try:
        Poly1305.verify_tag(stream[:_POLY1305_KEY], ciphertext, tag)
    except InvalidSignature:
        return None
    return _xor(ciphertext, stream[_POLY1305_KEY:])


def _encrypt_pure(plain: bytes, nonce: bytes, key: bytes) -> bytes:
    from cryptography.hazmat.primitives.poly1305 import Poly1305

    stream = xsalsa20_stream(key, nonce, _POLY1305_KEY + len(plain))
    ciphertext = _xor(plain, stream[_POLY1305_KEY:])
    return Poly1305.generate_tag(stream[:_POLY1305_KEY], ciphertext) + ciphertext


def _xor(data: bytes, stream: bytes) -> bytes:
    size = len(data)
    mixed = int.from_bytes(data, "little") ^ int.from_bytes(stream[:size], "little")
    return mixed.to_bytes(size, "little")


def _rounds(words: list[int], lanes: int) -> None:
    """
    Salsa20's twenty rounds, on many blocks at once.

    Each word is one large integer with a 64-bit lane for each block, of which the lower half is used: an
    addition or a shift of it is that of all blocks, and `lanes` cuts off what runs over.
    """
    for _ in range(10):
        for target, a, b, shift in _DOUBLE_ROUND:
            total = (words[a] + words[b]) & lanes
            words[target] ^= (total << shift | total >> (32 - shift)) & lanes


def _hsalsa20(key: bytes, nonce: bytes) -> bytes:
    """The subkey of a key and 16 bytes of nonce (Bernstein, "Extending the Salsa20 nonce", 2011)."""
    k, n = struct.unpack("<8I", key), struct.unpack("<4I", nonce)
    words = [_SIGMA[0], *k[:4], _SIGMA[1], *n, _SIGMA[2], *k[4:], _SIGMA[3]]
    _rounds(words, 0xFFFFFFFF)
    return struct.pack("<8I", *(words[index] for index in (0, 5, 10, 15, 6, 7, 8, 9)))


def _salsa20_blocks(key: bytes, nonce: bytes, count: int) -> bytes:
    """The first `count` blocks of Salsa20's key stream with an 8-byte nonce."""
    k, n = struct.unpack("<8I", key), struct.unpack("<2I", nonce)
    ones = int.from_bytes(struct.pack("<Q", 1) * count, "little")
    lanes = ones * 0xFFFFFFFF
    counter = int.from_bytes(struct.pack(f"<{count}Q", *range(count)), "little")
    constant = [word * ones for word in (_SIGMA[0], *k[:4], _SIGMA[1], *n, 0, 0, _SIGMA[2], *k[4:], _SIGMA[3])]
    constant[8] = counter  # values are far below 256 GiB: the counter's upper word stays 0
    words = list(constant)
    _rounds(words, lanes)
    out = bytearray(_BLOCK * count)
    for index, (word, start) in enumerate(zip(words, constant, strict=True)):
        column = ((word + start) & lanes).to_bytes(8 * count, "little")
        for byte in range(4):
            out[4 * index + byte :: _BLOCK] = column[byte::8]
    return bytes(out)
