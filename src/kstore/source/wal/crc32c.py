"""
CRC-32C (Castagnoli), with which etcd guards each record of its log: in C where the extra `wal` is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

_POLYNOMIAL = 0x82F63B78
"""Castagnoli's, bits reversed."""


@cache
def _table() -> tuple[int, ...]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (_POLYNOMIAL if number & 1 else 0)
        table.append(number)
    return tuple(table)


def extend_slowly(crc: int, data: bytes) -> int:
    """The checksum of what `crc` is the checksum of with `data` after it, in Python."""
    table = _table()
    crc ^= 0xFFFF_FFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFF_FFFF


def extender() -> Callable[[int, bytes], int]:
    """The fastest way at hand to do what `extend_slowly` does."""
    try:
        import google_crc32c
    except ImportError:
        return extend_slowly
    extend: Callable[[int, bytes], int] = google_crc32c.extend
    return extend
