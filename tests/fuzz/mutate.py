"""
Ways to damage a stored value: what storage, terminals, transfers and malice do to bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[Random, bytes], bytes]


def flip(random: Random, value: bytes) -> bytes:
    """Flip a bit, or up to four."""
    out = bytearray(value)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def overwrite(random: Random, value: bytes) -> bytes:
    """Put a byte that means something to some format in another's place."""
    at = random.randrange(len(value))
    return value[:at] + bytes([random.choice(_TELLING)]) + value[at + 1 :]


def truncate(random: Random, value: bytes) -> bytes:
    """Cut the end off."""
    return value[: random.randrange(len(value))]


def remove(random: Random, value: bytes) -> bytes:
    """Take a few bytes out."""
    at = random.randrange(len(value))
    return value[:at] + value[at + random.randint(1, 8) :]


def insert(random: Random, value: bytes) -> bytes:
    """Put a few bytes in."""
    at = random.randrange(len(value) + 1)
    return value[:at] + random.randbytes(random.randint(1, 8)) + value[at:]


def lengthen(random: Random, value: bytes) -> bytes:
    """Make a length or number huge: a varint of up to ten bytes."""
    at = random.randrange(len(value))
    varint = b"\xff" * random.randint(1, 10) + bytes([random.randrange(128)])
    return value[:at] + varint + value[at + 1 :]


def repeat(random: Random, value: bytes) -> bytes:
    """Write a part several times: fields come twice, names too."""
    at = random.randrange(len(value))
    part = value[at : at + random.randint(1, 40)]
    return value[:at] + part * random.randint(2, 5) + value[at:]


def nest(random: Random, value: bytes) -> bytes:
    """Open many brackets, or many messages."""
    at = random.randrange(len(value))
    return value[:at] + random.choice([b"{", b"[", b'{"a":', b"\x0a\x7f", b"\x81", b"\xbf"]) * 300 + value[at:]


def swap(random: Random, value: bytes) -> bytes:
    """Exchange two parts."""
    first, second = sorted(random.randrange(len(value) + 1) for _ in range(2))
    return value[second:] + value[first:second] + value[:first] if random.random() < 0.1 else (
        value[:first] + value[second : second + 8] + value[first:second] + value[second + 8 :]
    )  # fmt: skip


_TELLING = b'\x00\x01\x08\x0a\x0b\x0c\x12\x1a\x7f\x80\xc0\xd8\xed\xf4\xff"\\{}[]:,-+.eE0u\n\r\t '
MUTATIONS: Sequence[Mutation] = (flip, overwrite, truncate, remove, insert, lengthen, repeat, nest, swap)


def mutate(random: Random, value: bytes) -> bytes:
    """The value, damaged once, seldom more often; half of the time by flipped bits, which most formats survive."""
    for _ in range(random.choice((1, 1, 1, 1, 2, 3))):
        if value:
            value = random.choice((flip, random.choice(MUTATIONS)))(random, value)
    return value
