"""
Compressed streams, told by their first bytes: gzip, zstd, xz, bzip2, zlib.

Knows each format's magic number and which library reads it. Knows nothing of what is compressed, nor of archives.
"""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Callable
from typing import IO, cast

from kstore.source.archive.zstd_frames import ZstdInput

_CHUNK = 1 << 16
_Opener = Callable[[IO[bytes]], IO[bytes]]


def _gzip(stream: IO[bytes]) -> IO[bytes]:
    import gzip

    return cast(IO[bytes], gzip.GzipFile(fileobj=stream))


def _bzip2(stream: IO[bytes]) -> IO[bytes]:
    import bz2

    return cast(IO[bytes], bz2.BZ2File(stream))


def _xz(stream: IO[bytes]) -> IO[bytes]:
    import lzma

    return cast(IO[bytes], lzma.LZMAFile(stream))


def _zstd(stream: IO[bytes]) -> IO[bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return cast(IO[bytes], zstd.ZstdFile(stream))
    return cast(IO[bytes], io.BufferedReader(_Zstd(stream)))


class _Zstd(io.RawIOBase):
    """Frames of zstd by the package `zstandard`, which must end with a whole one."""

    def __init__(self, stream: IO[bytes]) -> None:
        import zstandard

        self._input = ZstdInput(stream)
        decompressor = zstandard.ZstdDecompressor()
        self._reader = decompressor.stream_reader(cast(IO[bytes], self._input), read_across_frames=True)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        """Some of the next bytes."""
        size = self._reader.readinto(cast(bytearray, buffer))
        if not size and self._input.is_within_frame:
            raise EOFError("the stream ends within a frame")
        return size


class _Zlib(io.RawIOBase):
    """A zlib stream (RFC 1950), for which the standard library has no file."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._inflater = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        """Some of the next bytes."""
        target = memoryview(cast(bytearray, buffer)).cast("B")
        found = b""
        while not found and not self._inflater.eof:
            waiting = self._inflater.unconsumed_tail or self._stream.read(_CHUNK)
            if not waiting:
                raise EOFError("the stream ends before its end mark")
            found = self._inflater.decompress(waiting, len(target))
        target[: len(found)] = found
        return len(found)


def _zlib(stream: IO[bytes]) -> IO[bytes]:
    return cast(IO[bytes], io.BufferedReader(_Zlib(stream)))


_FORMATS: tuple[tuple[bytes, str, _Opener], ...] = (
    (b"\x1f\x8b", "gzip", _gzip),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
    (b"\x50\x2a\x4d\x18", "zstd", _zstd),  # pzstd's first frame is one that is passed over
    (b"\xfd7zXZ\0", "xz", _xz),
    (b"BZh", "bzip2", _bzip2),
    (b"\x78\x9c", "zlib", _zlib),
    (b"\x78\x01", "zlib", _zlib),
    (b"\x78\xda", "zlib", _zlib),
)


def format_of(head: bytes) -> str:
    """The name of the compression that begins so; empty for anything else."""
    return next((name for magic, name, _ in _FORMATS if head.startswith(magic)), "")


def begins(head: bytes) -> bool:
    """Whether a mark begins with these bytes."""
    return any(magic.startswith(head) for magic, _, _ in _FORMATS)


def decompressed(stream: IO[bytes], head: bytes) -> IO[bytes]:
    """What is compressed in a stream that begins with `head`, and is at its beginning."""
    return next(opener for magic, _, opener in _FORMATS if head.startswith(magic))(stream)


def unpacking_errors() -> tuple[type[Exception], ...]:
    """What the libraries raise of a stream that is damaged, breaks off, or needs a password."""
    import lzma
    import tarfile
    import zipfile

    found: list[type[Exception]] = [EOFError, OSError, zlib.error, lzma.LZMAError, ValueError]
    found += [tarfile.TarError, zipfile.BadZipFile, NotImplementedError, RuntimeError]
    if sys.version_info >= (3, 14):
        from compression import zstd

        found.append(zstd.ZstdError)
    elif "zstandard" in sys.modules:
        found.append(sys.modules["zstandard"].ZstdError)
    return tuple(found)


__all__ = ["begins", "decompressed", "format_of", "unpacking_errors"]
