"""
Where the frames of a zstd stream end (RFC 8878), so that one that was cut short is not taken for a short one.

The package `zstandard` ends with its input, wherever that is; Python's own library (3.14) needs none of this. Knows the
headers of frames and blocks, and nothing of what is in them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import IO

_SKIPPABLE = 0x184D2A50
"""The first of sixteen magic numbers of frames that are for others to read."""
_DICTIONARY = (0, 1, 2, 4)
_CONTENT_SIZE = (0, 2, 4, 8)
_RUN = 1
"""The type of a block that is one byte, repeated."""
_BEGIN, _HEADER, _CONTENT = range(3)
"""What bytes are: the first of a frame; others that are looked at; what is passed over."""


def _parts() -> Generator[tuple[int, int], bytes, None]:
    """The parts of a stream, each as how many bytes it has and what they are; is sent each part but contents."""
    while True:
        magic = int.from_bytes((yield 4, _BEGIN), "little")
        if magic & ~0xF == _SKIPPABLE:
            yield int.from_bytes((yield 4, _HEADER), "little"), _CONTENT
            continue
        descriptor = (yield 1, _HEADER)[0]
        yield _header_size(descriptor), _CONTENT
        last = False
        while not last:
            block = int.from_bytes((yield 3, _HEADER), "little")
            last = bool(block & 1)
            yield (1 if block >> 1 & 3 == _RUN else block >> 3), _CONTENT
        yield (4 if descriptor & 0x04 else 0), _CONTENT  # the checksum


def _header_size(descriptor: int) -> int:
    """Bytes of a frame's header after its descriptor: the window's size, the dictionary's id, the content's size."""
    single = descriptor >> 5 & 1
    size = descriptor >> 6
    return (1 - single) + _DICTIONARY[descriptor & 3] + (_CONTENT_SIZE[size] if size else single)


class ZstdInput:
    """
    A compressed stream on its way to the library, whose frames are followed.

    Args:
        stream: the compressed bytes.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._parts = _parts()
        self._left, self._what = next(self._parts)
        self._held = b""

    @property
    def is_within_frame(self) -> bool:
        """Whether what has been read so far ends before its frame does."""
        return self._what != _BEGIN or bool(self._held)

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        at = 0
        while at < len(data):
            part = data[at : at + self._left]
            at += len(part)
            self._left -= len(part)
            if self._what != _CONTENT:
                self._held += part
            while not self._left:
                held, self._held = self._held, b""
                self._left, self._what = self._parts.send(held)
        return data


__all__ = ["ZstdInput"]
